// One connection: requests one after another, each read, answered and gone before the next is
// looked at.
//
// A Task on the loop that accepted it; everything here belongs to that loop. Time is kept by the
// listener, which calls `sweep` every tick: a timer for each request would cost more than reading
// it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "base/deadline.h"
#include "base/error.h"
#include "http/http_date.h"
#include "http/message.h"
#include "http/request_parser.h"
#include "http/response_head.h"
#include "http/routes.h"
#include "http/shared_state.h"
#include "reactor/loop.h"

namespace http {

class Session {
 public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, reactor::Executor>;

  // All must outlive it; `date` is its loop's.
  Session(Socket socket, reactor::Loop& loop, Routes& routes, SharedState& shared,
          const DateText& date);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Suspends until the connection has ended.
  reactor::Task<void> run();

  // Interrupts what has taken too long.
  void sweep(base::Deadline::Clock::time_point now);
  // Of a request that is being answered: whether its client went since this was last asked.
  bool notices_leaving();
  // Ends it when it waits for a request, and soon where one does not go on to arrive; else it ends
  // after its answer.
  void drain();
  // Ends it at once; a call under way finishes into nothing.
  void close();

 private:
  enum class Phase { kIdle, kReading, kAnswering, kWriting, kLingering };
  using Buffers = std::array<boost::asio::const_buffer, 2>;

  // What the head of an answer needs to know of its request.
  struct Reply {
    std::string id;
    bool keep_alive = false;
    bool http11 = true;
    bool is_head = false;
  };

  // Waits for the first bytes of a request, with nothing made for it yet: most connections do so
  // most of the time. False when none will come.
  reactor::Task<bool> arrives();
  // One request; true when its answer is to be sent, false when there is none or it was streamed,
  // and the connection is to end. What it used has gone by then: answers wait for each other before
  // they are sent, and would have the memory of as many requests wait with them.
  reactor::Task<bool> exchange();
  // Reads until the parser is at `goal`. False when the client went or waited too long between
  // requests. All of these must outlive the Tasks.
  reactor::Task<base::Result<bool>> advance(RequestParser& parser, RequestParser::Step goal,
                                            BodyBudget::Share& share);
  reactor::Task<base::Result<bool>> advance_body(RequestParser& parser, const Pass* pass,
                                                 BodyBudget::Share& share);
  // kUnavailable when all bodies together are too many bytes with this one.
  base::Result<void> feed(RequestParser& parser, BodyBudget::Share& share);
  // One read from the socket. False when it ended or was interrupted.
  reactor::Task<bool> fill(std::size_t size);

  // Makes an answer what is sent next; true.
  bool prepare(Answer answer, const Reply& reply);
  // False when the client went.
  reactor::Task<bool> send();
  reactor::Task<void> respond_streaming(Answer answer, const Reply& reply);
  reactor::Task<bool> pump(BodyStream& stream, Framing framing);
  // Prepares an error, after which the connection ends; true.
  bool refuse(RequestParser& parser, const base::Error& error);
  // Reads on for a while what nobody wants, lest a reset overtakes the answer.
  reactor::Task<void> linger();
  reactor::Task<bool> write(std::string_view head, std::string_view body);
  std::size_t write_now(const Buffers& buffers, boost::system::error_code& error);

  void build_head(const Answer& answer, const Reply& reply, Framing framing, Connection connection);
  void enter(Phase phase, base::Deadline deadline);
  [[nodiscard]] base::Deadline until_read(std::chrono::milliseconds timeout) const;
  [[nodiscard]] bool peer_has_gone();

  Socket socket_;
  reactor::Loop& loop_;
  Routes& routes_;
  SharedState& shared_;
  const DateText& date_;

  boost::beast::flat_buffer input_;
  // Of the answer that is to be sent; a short body is behind its head. Kept for its capacity.
  std::string head_;
  std::string body_;
  BodyBudget::Share answer_share_;
  bool keep_alive_ = false;
  base::Deadline deadline_ = base::Deadline::never();
  Phase phase_ = Phase::kIdle;
  bool interrupted_ = false;
  bool lingers_ = false;
  bool closed_ = false;
  std::atomic<bool> gone_ = false;
};

}  // namespace http
