#include "http/session.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <tuple>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include "base/id.h"
#include "base/units.h"
#include "http/error_response.h"

namespace http {
namespace {

namespace asio = boost::asio;
using reactor::kAwait;
using reactor::Task;
using Step = RequestParser::Step;

constexpr std::size_t kHeadRead = 4096;
constexpr std::size_t kBodyRead = 65536;
// What an idle connection may keep of its input buffer.
constexpr std::size_t kIdleBuffer = 16384;
// A body this short is read although its request is refused: cheaper than a new connection.
constexpr std::uint64_t kShortBody = 65536;
// Copied behind its head, so that one buffer is sent.
constexpr std::size_t kShortAnswer = 2048;
// The write timeout starts again with each piece, so that it asks for progress, not for speed.
constexpr std::size_t kWritePiece = 256UL * 1024;
constexpr std::chrono::seconds kLinger{2};
constexpr std::chrono::milliseconds kStreamPoll{100};
// For what of a request is still on its way when the server stops: a stranger's half of one is not
// to hold up a restart.
constexpr std::chrono::seconds kDrainRead{2};

// As much as can be of use, and no buffer of 64 KiB for a body of a few bytes.
std::size_t read_size(const RequestParser& parser) {
  if (parser.step() < Step::kHead) return kHeadRead;
  const std::uint64_t left = parser.body_left();
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(left, kHeadRead, kBodyRead));
}

std::array<asio::const_buffer, 2> rest_of(std::string_view head, std::string_view body,
                                          std::size_t sent) {
  const std::size_t of_head = std::min(sent, head.size());
  return {asio::buffer(head.substr(of_head)), asio::buffer(body.substr(sent - of_head))};
}

// Before an answer is sent: who is slow to read it is not to hold the body of the request.
void drop_body(Request& request, BodyBudget::Share& share) {
  std::string().swap(request.body);
  share.release();
}

// The function has run, and the journal says how it ended; what it answered cannot be kept until a
// client reads it while others do not read theirs.
base::Error too_much_unread(const BodyBudget& answers) {
  return {base::Code::kUnavailable,
          fmt::format("the function has run, but the answers that wait for slow clients are over "
                      "{}: read answers faster, or ask for less at once",
                      base::format_size(answers.limit()))};
}

}  // namespace

Session::Session(Socket socket, reactor::Loop& loop, Routes& routes, SharedState& shared,
                 const DateText& date)
    : socket_(std::move(socket)),
      loop_(loop),
      routes_(routes),
      shared_(shared),
      date_(date),
      answer_share_(shared.answers) {
  boost::system::error_code ignored;
  std::ignore = socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  std::ignore = socket_.non_blocking(true, ignored);
}

// Who sends requests ahead of their answers has the next one here already: everybody else on the
// loop comes before it, also where nothing of an exchange has waited.
Task<void> Session::run() {
  while (co_await arrives() && co_await exchange()) {
    // Beside guests that spin a pass takes long, and they yield to what is to be sent now.
    if (loop_.slices().waiting() == 0) co_await loop_.writes().join();
    const bool sent = co_await send();
    if (!sent || !keep_alive_) break;
    if (input_.size() != 0) co_await asio::post(loop_.executor(), kAwait);
  }
  if (lingers_) co_await linger();
}

void Session::sweep(base::Deadline::Clock::time_point now) {
  if (interrupted_ || !deadline_.expired(now)) return;
  interrupted_ = true;
  boost::system::error_code ignored;
  std::ignore = socket_.cancel(ignored);
}

bool Session::notices_leaving() {
  if (phase_ != Phase::kAnswering || gone_ || !peer_has_gone()) return false;
  gone_ = true;
  return true;
}

void Session::drain() {
  boost::system::error_code ignored;
  if (phase_ == Phase::kIdle) std::ignore = socket_.cancel(ignored);
  if (phase_ == Phase::kReading) {
    deadline_ = deadline_.earlier(base::Deadline::after(kDrainRead));
  }
}

base::Deadline Session::until_read(std::chrono::milliseconds timeout) const {
  const auto deadline = base::Deadline::after(timeout);
  return shared_.draining ? deadline.earlier(base::Deadline::after(kDrainRead)) : deadline;
}

void Session::close() {
  closed_ = true;
  boost::system::error_code ignored;
  std::ignore = socket_.close(ignored);
}

void Session::enter(Phase phase, base::Deadline deadline) {
  phase_ = phase;
  deadline_ = deadline;
  interrupted_ = false;
}

Task<bool> Session::arrives() {
  if (input_.size() != 0) co_return true;
  if (shared_.draining) co_return false;
  enter(Phase::kIdle, base::Deadline::after(shared_.settings.idle_timeout));
  co_return co_await fill(kHeadRead);
}

Task<bool> Session::exchange() {
  RequestParser parser({shared_.settings.max_header_bytes, routes_.max_body_bytes()});
  BodyBudget::Share share(shared_.bodies);
  const base::Result<bool> head = co_await advance(parser, Step::kHead, share);
  if (!head) co_return refuse(parser, head.error());
  if (!*head) co_return false;

  Request& request = parser.request();
  request.id = base::make_uuid();
  request.gone = &gone_;
  base::Result<Pass> pass = routes_.admit(request);
  if (pass && pass->body == BodyBound::kShort) {
    if (auto fits = parser.limit_body(kShortBody); !fits) co_return refuse(parser, fits.error());
  }
  const bool worth_reading = parser.body_left() <= kShortBody && !parser.expects_continue();
  if (!pass && !worth_reading && parser.step() != Step::kDone) {
    co_return refuse(parser, pass.error());
  }
  const base::Result<bool> body = co_await advance_body(parser, pass ? &*pass : nullptr, share);
  if (!body) co_return refuse(parser, body.error());
  if (!*body) co_return false;

  const Reply reply{request.id, parser.keep_alive(), parser.is_http11(), parser.is_head()};
  if (!pass) co_return prepare(error_response(pass.error()), reply);
  enter(Phase::kAnswering, base::Deadline::never());
  Answer answer = co_await routes_.answer(loop_, *pass, request);
  drop_body(request, share);
  if (!answer.stream) co_return prepare(std::move(answer), reply);
  co_await respond_streaming(std::move(answer), reply);
  co_return false;
}

base::Result<void> Session::feed(RequestParser& parser, BodyBudget::Share& share) {
  const auto bytes = input_.data();
  if (bytes.size() == 0) return {};
  base::Result<std::size_t> taken =
      parser.feed({static_cast<const char*>(bytes.data()), bytes.size()});
  if (!taken) return base::fail(std::move(taken.error()));
  input_.consume(*taken);
  if (share.grow_to(parser.request().body.size())) return {};
  return base::fail(base::Code::kUnavailable,
                    fmt::format("the bodies of all requests under way are over {}: try again later",
                                base::format_size(shared_.bodies.limit())));
}

Task<base::Result<bool>> Session::advance(RequestParser& parser, Step goal,
                                          BodyBudget::Share& share) {
  const auto& settings = shared_.settings;
  if (goal == Step::kHead) enter(Phase::kIdle, base::Deadline::after(settings.idle_timeout));
  for (;;) {
    if (base::Result<void> fed = feed(parser, share); !fed)
      co_return base::fail(std::move(fed.error()));
    if (parser.step() >= goal) co_return true;
    const bool begun = parser.step() != Step::kNothing;
    if (begun && phase_ == Phase::kIdle) {
      enter(Phase::kReading, until_read(settings.header_timeout));
    }
    if (!begun && shared_.draining) co_return false;
    const bool filled = co_await fill(read_size(parser));
    if (interrupted_ && begun) {
      co_return base::fail(base::Code::kRequestTimeout,
                           "the request did not arrive in time: send it faster");
    }
    if (!filled || interrupted_) co_return false;
  }
}

Task<base::Result<bool>> Session::advance_body(RequestParser& parser, const Pass* pass,
                                               BodyBudget::Share& share) {
  if (parser.step() == Step::kDone) co_return true;
  enter(Phase::kReading, until_read(shared_.settings.body_timeout));
  if (pass != nullptr && parser.expects_continue() && input_.size() == 0) {
    const bool written = co_await write("HTTP/1.1 100 Continue\r\n\r\n", {});
    if (!written) co_return false;
    enter(Phase::kReading, until_read(shared_.settings.body_timeout));
  }
  co_return co_await advance(parser, Step::kDone, share);
}

Task<bool> Session::fill(std::size_t size) {
  if (phase_ == Phase::kIdle && input_.capacity() > kIdleBuffer) input_.shrink_to_fit();
  boost::system::error_code error;
  const std::size_t read =
      co_await socket_.async_read_some(input_.prepare(size), asio::redirect_error(kAwait, error));
  input_.commit(read);
  co_return !error && !closed_;
}

bool Session::refuse(RequestParser& parser, const base::Error& error) {
  const std::string& id = parser.request().id;
  const Reply reply{id.empty() ? base::make_uuid() : id, false, parser.is_http11(),
                    parser.is_head()};
  lingers_ = true;
  return prepare(error_response(error), reply);
}

Task<void> Session::linger() {
  boost::system::error_code error;
  std::ignore = socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  enter(Phase::kLingering, base::Deadline::after(kLinger));
  bool more = !error;
  while (more) {
    input_.clear();
    const bool filled = co_await fill(kBodyRead);
    more = filled && !interrupted_;
  }
}

void Session::build_head(const Answer& answer, const Reply& reply, Framing framing,
                         Connection connection) {
  shared_.context.metrics.http_response(routes_.listener(), answer.status);
  head_.clear();
  append_head(head_, answer,
              {.request_id = reply.id,
               .date = date_.text(),
               .framing = framing,
               .connection = connection,
               .http11 = reply.http11,
               .cross_origin = routes_.cross_origin()});
}

bool Session::prepare(Answer answer, const Reply& reply) {
  if (!answer_share_.grow_to(answer.body.size())) {
    answer_share_.release();
    answer = error_response(too_much_unread(shared_.answers));
  }
  keep_alive_ = reply.keep_alive && !shared_.draining;
  build_head(answer, reply, Framing::kLength,
             keep_alive_ ? Connection::kKeepAlive : Connection::kClose);
  if (!has_body(answer.status) || reply.is_head) {
    answer_share_.release();
    return true;
  }
  if (answer.body.size() <= kShortAnswer) {
    head_ += answer.body;
  } else {
    body_ = std::move(answer.body);
  }
  return true;
}

Task<bool> Session::send() {
  const bool written = co_await write(head_, body_);
  if (!body_.empty()) std::string().swap(body_);
  answer_share_.release();
  if (written && !keep_alive_) lingers_ = lingers_ || input_.size() != 0;
  co_return written;
}

Task<void> Session::respond_streaming(Answer answer, const Reply& reply) {
  const Framing framing = reply.http11 ? Framing::kChunked : Framing::kUntilClose;
  build_head(answer, reply, framing, Connection::kClose);
  const bool begun = co_await write(head_, {});
  if (!begun || reply.is_head) co_return;
  const bool whole = co_await pump(*answer.stream, framing);
  if (whole && framing == Framing::kChunked) co_await write("0\r\n\r\n", {});
}

// True when it ended by itself or by draining, so that the client is told that this was all.
Task<bool> Session::pump(BodyStream& stream, Framing framing) {
  const bool chunked = framing == Framing::kChunked;
  while (!(shared_.draining && stream.endless()) && !closed_) {
    enter(Phase::kAnswering, base::Deadline::never());
    base::Result<std::string> piece = co_await stream.next();
    if (!piece) co_return false;
    if (piece->empty()) {
      if (!stream.endless()) break;
      if (peer_has_gone()) co_return false;
      co_await loop_.sleep_until(base::Deadline::after(kStreamPoll));
      continue;
    }
    head_.clear();
    if (chunked) {
      head_ = fmt::format("{:x}\r\n", piece->size());
      piece->append("\r\n");
    }
    const bool written = co_await write(head_, *piece);
    if (!written) co_return false;
  }
  co_return !closed_;
}

Task<bool> Session::write(std::string_view head, std::string_view body) {
  std::size_t done = 0;
  do {
    enter(Phase::kWriting, base::Deadline::after(shared_.settings.write_timeout));
    const std::string_view piece = body.substr(done, kWritePiece);
    const std::string_view front = done == 0 ? head : std::string_view();
    boost::system::error_code error;
    const std::size_t sent = write_now({asio::buffer(front), asio::buffer(piece)}, error);
    if (!error && sent < front.size() + piece.size()) {
      co_await asio::async_write(socket_, rest_of(front, piece, sent),
                                 asio::redirect_error(kAwait, error));
    }
    if (error || closed_) co_return false;
    done += piece.size();
  } while (done < body.size());
  co_return true;
}

// Nearly always the socket takes all of it at once; then nothing has to be waited for.
std::size_t Session::write_now(const Buffers& buffers, boost::system::error_code& error) {
  const std::size_t sent = buffers[1].size() == 0 ? socket_.write_some(buffers[0], error)
                                                  : socket_.write_some(buffers, error);
  if (error == asio::error::would_block) error.clear();
  return sent;
}

bool Session::peer_has_gone() {
  char byte = 0;
  const ssize_t read = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return read == 0 || (read < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace http
