// The pool over a SQLite file (database/pool.h).
//
// Reads run on the loop that asks, on a connection of that loop, as long as they take no more than
// a millisecond; one that takes longer is stopped there and begun again on the pool for blocking
// work, and goes there at once until it has been fast there. What the millisecond does not stop is
// the translation of a text: long ones go there at once, too. Writes and all administration go to
// the writer.
#include "database/pool.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/ascii.h"
#include "database/breaker.h"
#include "database/sqlite/guest_connection.h"
#include "database/sqlite/slow_texts.h"
#include "database/sqlite/thread_work.h"
#include "database/sqlite/writer.h"

namespace database {
namespace {

using sqlite::Administration;
using sqlite::GuestConnection;
using sqlite::Mode;
using sqlite::Writer;
namespace asio = boost::asio;

using Answer = SqlResult<std::vector<Rows>>;
template <class T>
using Task = reactor::Task<T>;

// What a loop may be held up by one statement.
constexpr std::chrono::milliseconds kInline{1};
// Of a call's texts together: translating a new one takes a millisecond for each 1.5 KB.
constexpr std::size_t kLongText = 2048;
constexpr std::size_t kMaxIdleReaders = 16;
// A statement ends at its deadline by itself, as soon as SQLite looks at the clock; a commit that
// has begun is given this much longer.
constexpr std::chrono::milliseconds kGrace{200};

// Whether the statement is surely a query; one that begins with WITH has to be parsed to know.
enum class Guess { kReads, kWrites, kUnknown };

Guess guess(std::string_view sql) {
  const auto first = sql.find_first_not_of(" \t\r\n(");
  if (first == std::string_view::npos) return Guess::kUnknown;
  const std::string word = base::to_lower(sql.substr(first, 6));
  if (word == "select" || word == "values") return Guess::kReads;
  if (word == "insert" || word == "update" || word == "delete") return Guess::kWrites;
  return Guess::kUnknown;
}

bool are_long(const std::vector<Statement>& statements) {
  std::size_t bytes = 0;
  for (const Statement& statement : statements) bytes += statement.sql.size();
  return bytes > kLongText;
}

// Gives the loop up after what took long on it, as a guest does at the end of a slice.
Task<void> give_way(reactor::Loop& loop, base::Deadline::Clock::time_point begin) {
  const auto took = base::Deadline::Clock::now() - begin;
  if (took >= Pool::kShortRead) co_await loop.slices().turn();
}

// Only of texts that may be either; their schema is looked at in a transaction.
SqlResult<bool> may_write(GuestConnection& reader, const std::vector<Statement>& statements) {
  for (const Statement& statement : statements) {
    if (guess(statement.sql) != Guess::kUnknown) continue;
    if (auto begun = reader.begin(); !begun) return sql_fail(begun.error());
    auto writes = reader.writes(statement.sql);
    reader.rollback();
    if (!writes || *writes) return writes;
  }
  return false;
}

// A result that another thread brings to a Task on a loop.
template <class T>
class Delivery {
 public:
  explicit Delivery(reactor::Executor executor) : timer_(executor) {}

  // On any thread, once.
  static void deliver(const std::shared_ptr<Delivery>& self, T value) {
    auto executor = self->timer_.get_executor();
    asio::post(executor, [self, value = std::move(value)]() mutable {
      self->value_ = std::move(value);
      self->timer_.cancel();
    });
  }

  // On the loop; nothing when it did not come in time.
  Task<std::optional<T>> wait(base::Deadline deadline) {
    timer_.expires_at(deadline.when());
    if (!value_) co_await timer_.async_wait(asio::as_tuple(reactor::kAwait));
    co_return std::move(value_);
  }

 private:
  using Timer =
      asio::basic_waitable_timer<base::Deadline::Clock, asio::wait_traits<base::Deadline::Clock>,
                                 reactor::Executor>;
  Timer timer_;
  std::optional<T> value_;
};

struct WeighedAnswer {
  Answer answer;
  std::optional<bool> light;  // fit for a loop; nothing when it hardly ran
};

SqlError unavailable() {
  return {SqlState::kConnectionFailure,
          "the database cannot be reached at the moment: try again in a few seconds", std::nullopt};
}

SqlError canceled() {
  return {SqlState::kQueryCanceled, "canceling statement: it ran until the call's deadline",
          std::nullopt};
}

// In an open transaction, which the caller ends.
Answer run_each(GuestConnection& connection, const GuestAccess& access,
                const std::vector<Statement>& statements, Bounds bounds) {
  std::vector<Rows> answers;
  answers.reserve(statements.size());
  for (const Statement& statement : statements) {
    auto rows = connection.run(access, statement, bounds);
    if (!rows) {
      rows.error().statement = static_cast<std::uint32_t>(answers.size());
      return sql_fail(std::move(rows.error()));
    }
    bounds.max_bytes -= std::min<std::uint64_t>(bounds.max_bytes, rows->json.size());
    answers.push_back(std::move(*rows));
  }
  return answers;
}

Answer run_all(GuestConnection& connection, const GuestAccess& access,
               const std::vector<Statement>& statements, const Bounds& bounds) {
  if (auto begun = connection.begin(); !begun) return sql_fail(std::move(begun.error()));
  Answer answers = run_each(connection, access, statements, bounds);
  if (!answers) {
    connection.rollback();
    return answers;
  }
  if (auto committed = connection.commit(); !committed) {
    connection.rollback();
    return sql_fail(std::move(committed.error()));
  }
  return answers;
}

// A guest's statements on the writer. Owns copies of them: their caller may be gone by then.
class GuestJob final : public sqlite::WriterJob {
 public:
  GuestJob(GuestAccess access, std::vector<Statement> statements, const Bounds& bounds,
           std::shared_ptr<Delivery<Answer>> delivery)
      : WriterJob(bounds.deadline),
        access_(std::move(access)),
        statements_(std::move(statements)),
        bounds_(bounds),
        delivery_(std::move(delivery)) {}

  SqlResult<void> run(GuestConnection& connection, base::Deadline deadline) override {
    Bounds bounds = bounds_;
    bounds.deadline = deadline;
    auto answers = run_each(connection, access_, statements_, bounds);
    if (!answers) return sql_fail(std::move(answers.error()));
    answers_ = std::move(*answers);
    return {};
  }
  void finish(SqlResult<void> result) override {
    Delivery<Answer>::deliver(
        delivery_, result ? Answer(std::move(answers_)) : sql_fail(std::move(result.error())));
  }

 private:
  const GuestAccess access_;
  const std::vector<Statement> statements_;
  const Bounds bounds_;
  const std::shared_ptr<Delivery<Answer>> delivery_;
  std::vector<Rows> answers_;
};

// Roost's own statements on the writer.
using SystemAnswer = SqlResult<std::vector<std::vector<Row>>>;

SystemAnswer run_system(GuestConnection& connection, const std::vector<Statement>& statements,
                        base::Deadline deadline) {
  std::vector<std::vector<Row>> answers;
  answers.reserve(statements.size());
  for (const Statement& statement : statements) {
    auto rows = connection.run(SystemAccess(), statement, deadline);
    if (!rows) return sql_fail(std::move(rows.error()));
    answers.push_back(std::move(*rows));
  }
  return answers;
}

class SystemJob final : public sqlite::WriterJob {
 public:
  SystemJob(std::vector<Statement> statements, base::Deadline deadline,
            std::shared_ptr<Delivery<SystemAnswer>> delivery)
      : WriterJob(deadline), statements_(std::move(statements)), delivery_(std::move(delivery)) {}

  SqlResult<void> run(GuestConnection& connection, base::Deadline deadline) override {
    auto answers = run_system(connection, statements_, deadline);
    if (!answers) return sql_fail(std::move(answers.error()));
    answers_ = std::move(*answers);
    return {};
  }
  void finish(SqlResult<void> result) override {
    Delivery<SystemAnswer>::deliver(delivery_, result ? SystemAnswer(std::move(answers_))
                                                      : sql_fail(std::move(result.error())));
  }

 private:
  const std::vector<Statement> statements_;
  const std::shared_ptr<Delivery<SystemAnswer>> delivery_;
  std::vector<std::vector<Row>> answers_;
};

class SqliteTransaction final : public PoolTransaction {
 public:
  explicit SqliteTransaction(std::shared_ptr<sqlite::Session> session)
      : session_(std::move(session)) {}
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  ~SqliteTransaction() override { session_->close(); }

  Task<Answer> run(reactor::Loop& loop, const GuestAccess& access,
                   const std::vector<Statement>& statements, Bounds bounds) override {
    // Copies: a Task that is dropped leaves the step to end by itself.
    co_return co_await step<std::vector<Rows>>(
        loop, bounds.deadline,
        [access, statements, bounds](GuestConnection& connection, base::Deadline deadline) {
          Bounds earlier = bounds;
          earlier.deadline = bounds.deadline.earlier(deadline);
          return run_each(connection, access, statements, earlier);
        });
  }

  Task<SystemAnswer> run(reactor::Loop& loop, SystemAccess, std::vector<Statement> statements,
                         Bounds bounds) override {
    co_return co_await step<std::vector<std::vector<Row>>>(
        loop, bounds.deadline,
        [statements = std::move(statements), bounds](GuestConnection& connection,
                                                     base::Deadline deadline) {
          return run_system(connection, statements, bounds.deadline.earlier(deadline));
        });
  }

  Task<SqlResult<void>> commit(reactor::Loop& loop) override {
    auto delivery = std::make_shared<Delivery<SqlResult<void>>>(loop.executor());
    session_->commit([delivery](SqlResult<void> result) {
      Delivery<SqlResult<void>>::deliver(delivery, std::move(result));
    });
    auto committed = co_await delivery->wait(base::Deadline::never());
    co_return std::move(*committed);
  }

 private:
  template <class T, class Work>
  Task<SqlResult<T>> step(reactor::Loop& loop, base::Deadline deadline, Work work) {
    using Delivered = Delivery<SqlResult<T>>;
    auto delivery = std::make_shared<Delivered>(loop.executor());
    auto answer = std::make_shared<SqlResult<T>>();
    session_->submit(
        [answer, work = std::move(work)](GuestConnection& connection,
                                         base::Deadline latest) -> SqlResult<void> {
          *answer = work(connection, latest);
          if (!*answer) return sql_fail(answer->error());
          return {};
        },
        [answer, delivery](SqlResult<void> result) {
          Delivered::deliver(delivery, result ? std::move(*answer)
                                              : SqlResult<T>(sql_fail(std::move(result.error()))));
        });
    auto delivered = co_await delivery->wait(deadline);
    if (!delivered) delivered = co_await delivery->wait(base::Deadline::after(kGrace));
    if (!delivered) co_return sql_fail(canceled());
    co_return std::move(*delivered);
  }

  const std::shared_ptr<sqlite::Session> session_;
};

class SqlitePool final : public Pool {
 public:
  SqlitePool(std::filesystem::path file, unsigned loops, reactor::BlockingPool& blocking,
             std::vector<SystemSchema> system)
      : file_(std::move(file)),
        blocking_(blocking),
        readers_(loops),
        writer_(file_, std::move(system), &interruption_) {}

  Task<Answer> run(reactor::Loop& loop, const GuestAccess& access,
                   const std::vector<Statement>& statements, Bounds bounds) override;
  Task<SystemAnswer> run(reactor::Loop& loop, SystemAccess, std::vector<Statement> statements,
                         Bounds bounds) override;
  Task<SqlResult<std::unique_ptr<PoolTransaction>>> begin(reactor::Loop& loop, SystemAccess,
                                                          std::chrono::milliseconds at_most,
                                                          base::Deadline patience) override;
  void on_commit(std::function<void()> committed) override {
    writer_.on_commit(std::move(committed));
  }
  Task<Answer> administer(reactor::Loop& loop, SystemAccess, std::string script,
                          Bounds bounds) override;
  Task<SqlResult<std::vector<std::uint64_t>>> migrate(reactor::Loop& loop, SystemAccess,
                                                      std::vector<Migration> migrations,
                                                      Bounds bounds) override;
  Task<SqlResult<std::vector<TableSecurity>>> security(reactor::Loop& loop, SystemAccess) override;
  void stop() override {
    interruption_.set();
    writer_.stop();
  }

 private:
  // Of one loop, used on its thread only.
  struct Reader {
    std::unique_ptr<GuestConnection> connection;
    sqlite::SlowTexts slow;
  };
  using ReaderPtr = std::unique_ptr<GuestConnection>;

  Task<Answer> read(reactor::Loop& loop, const GuestAccess& access,
                    const std::vector<Statement>& statements, Bounds bounds);
  Task<Answer> write(reactor::Loop& loop, const GuestAccess& access,
                     const std::vector<Statement>& statements, Bounds bounds);
  Task<SqlResult<bool>> any_writes(reactor::Loop& loop, const std::vector<Statement>& statements);
  SqlResult<void> open_reader(ReaderPtr& reader);
  ReaderPtr take_idle();  // null when all are in use
  void give_back(ReaderPtr reader);
  WeighedAnswer read_blocking(const GuestAccess& access, const std::vector<Statement>& statements,
                              const Bounds& bounds);
  template <class T>
  Task<SqlResult<T>> submit(std::shared_ptr<sqlite::WriterJob> job,
                            std::shared_ptr<Delivery<SqlResult<T>>> delivery);
  template <class T, class Work>
  Task<SqlResult<T>> on_writer(reactor::Loop& loop, base::Deadline deadline, Work work);
  template <class T>
  void note(const SqlResult<T>& answer);

  const std::filesystem::path file_;
  reactor::BlockingPool& blocking_;
  Breaker breaker_;
  sqlite::Interruption interruption_;  // before every connection
  std::vector<Reader> readers_;        // by loop
  std::mutex mutex_;
  std::vector<ReaderPtr> idle_;  // for the pool for blocking work
  Writer writer_;
};

template <class T>
void SqlitePool::note(const SqlResult<T>& answer) {
  if (!answer && is_database_failure(answer.error().state)) {
    breaker_.failed();
  } else {
    breaker_.succeeded();
  }
}

Task<Answer> SqlitePool::run(reactor::Loop& loop, const GuestAccess& access,
                             const std::vector<Statement>& statements, Bounds bounds) {
  if (!breaker_.allows()) co_return sql_fail(unavailable());
  bool reads = true;
  for (const Statement& statement : statements) {
    if (guess(statement.sql) == Guess::kWrites) reads = false;
  }
  if (reads && !writer_.ready()) {  // the first use: the file is made where files are made
    auto prepared = co_await on_writer<bool>(
        loop, bounds.deadline, [](Administration&) -> SqlResult<bool> { return true; });
    if (!prepared) co_return sql_fail(std::move(prepared.error()));
  }
  if (reads) {
    auto writes = co_await any_writes(loop, statements);
    if (!writes) {
      note(writes);
      co_return sql_fail(std::move(writes.error()));
    }
    reads = !*writes;
  }
  Answer answer = reads ? co_await read(loop, access, statements, bounds)
                        : co_await write(loop, access, statements, bounds);
  note(answer);
  co_return answer;
}

Task<SqlResult<bool>> SqlitePool::any_writes(reactor::Loop& loop,
                                             const std::vector<Statement>& statements) {
  const bool known = std::ranges::none_of(
      statements, [](const Statement& each) { return guess(each.sql) == Guess::kUnknown; });
  if (known) co_return false;
  if (are_long(statements)) {
    co_return co_await blocking_.run([this, statements]() -> SqlResult<bool> {
      ReaderPtr reader = take_idle();
      if (auto opened = open_reader(reader); !opened) return sql_fail(std::move(opened.error()));
      auto writes = may_write(*reader, statements);
      if (writes || !is_database_failure(writes.error().state)) give_back(std::move(reader));
      return writes;
    });
  }
  const auto begin = base::Deadline::Clock::now();
  ReaderPtr& reader = readers_.at(loop.index()).connection;
  if (auto opened = open_reader(reader); !opened) co_return sql_fail(std::move(opened.error()));
  auto writes = may_write(*reader, statements);
  co_await give_way(loop, begin);
  co_return writes;
}

SqlResult<void> SqlitePool::open_reader(ReaderPtr& reader) {
  if (reader) return {};
  auto opened = GuestConnection::open(file_, Mode::kRead, &interruption_);
  if (!opened) return sql_fail(std::move(opened.error()));
  reader = std::move(*opened);
  return {};
}

Task<Answer> SqlitePool::read(reactor::Loop& loop, const GuestAccess& access,
                              const std::vector<Statement>& statements, Bounds bounds) {
  Reader& reader = readers_.at(loop.index());
  if (!are_long(statements) && !reader.slow.contains_any(statements)) {
    if (auto opened = open_reader(reader.connection); !opened) {
      co_return sql_fail(std::move(opened.error()));
    }
    const auto begin = base::Deadline::Clock::now();
    Bounds short_bounds = bounds;
    short_bounds.deadline = bounds.deadline.earlier(base::Deadline::after(kInline, begin));
    Answer answer = run_all(*reader.connection, access, statements, short_bounds);
    const bool canceled = !answer && answer.error().state == SqlState::kQueryCanceled;
    const bool stopped =
        canceled || (!answer && answer.error().state == SqlState::kSerializationFailure);
    if (!answer && is_database_failure(answer.error().state)) reader.connection.reset();
    // What failed late is as slow as what ended well.
    if (canceled || base::Deadline::Clock::now() - begin >= kInline) {
      reader.slow.suspect(statements);
    }
    co_await give_way(loop, begin);
    if (!stopped || bounds.deadline.expired()) co_return answer;
  }
  // Copies: a Task that is dropped leaves the work to end by itself.
  WeighedAnswer weighed = co_await blocking_.run(
      [this, access, statements, bounds] { return read_blocking(access, statements, bounds); });
  if (weighed.light) reader.slow.note(statements, *weighed.light);
  co_return std::move(weighed.answer);
}

WeighedAnswer SqlitePool::read_blocking(const GuestAccess& access,
                                        const std::vector<Statement>& statements,
                                        const Bounds& bounds) {
  ReaderPtr reader = take_idle();
  if (auto opened = open_reader(reader); !opened) return {sql_fail(std::move(opened.error())), {}};
  const sqlite::ThreadWork work;
  Answer answer = run_all(*reader, access, statements, bounds);
  // Another program may be recovering the log: a reader that does not wait asks again.
  while (!answer && answer.error().state == SqlState::kSerializationFailure &&
         !bounds.deadline.expired() && !interruption_.is_set()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    answer = run_all(*reader, access, statements, bounds);
  }
  std::optional<bool> light = work.is_less_than(kInline);
  // Who came after its deadline was stopped as it began.
  if (!answer && *light) light.reset();
  if (answer || !is_database_failure(answer.error().state)) give_back(std::move(reader));
  return {std::move(answer), light};
}

SqlitePool::ReaderPtr SqlitePool::take_idle() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return nullptr;
  ReaderPtr reader = std::move(idle_.back());
  idle_.pop_back();
  return reader;
}

void SqlitePool::give_back(ReaderPtr reader) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdleReaders) idle_.push_back(std::move(reader));
}

Task<Answer> SqlitePool::write(reactor::Loop& loop, const GuestAccess& access,
                               const std::vector<Statement>& statements, Bounds bounds) {
  auto delivery = std::make_shared<Delivery<Answer>>(loop.executor());
  auto job = std::make_shared<GuestJob>(access, statements, bounds, delivery);
  co_return co_await submit(std::move(job), std::move(delivery));
}

Task<SystemAnswer> SqlitePool::run(reactor::Loop& loop, SystemAccess,
                                   std::vector<Statement> statements, Bounds bounds) {
  if (!breaker_.allows()) co_return sql_fail(unavailable());
  auto delivery = std::make_shared<Delivery<SystemAnswer>>(loop.executor());
  auto job = std::make_shared<SystemJob>(std::move(statements), bounds.deadline, delivery);
  auto answer = co_await submit(std::move(job), std::move(delivery));
  note(answer);
  co_return answer;
}

Task<SqlResult<std::unique_ptr<PoolTransaction>>> SqlitePool::begin(
    reactor::Loop& loop, SystemAccess, std::chrono::milliseconds at_most, base::Deadline patience) {
  if (!breaker_.allows()) co_return sql_fail(unavailable());
  auto delivery = std::make_shared<Delivery<SqlResult<void>>>(loop.executor());
  auto session = std::make_shared<sqlite::Session>(at_most, [delivery](SqlResult<void> opened) {
    Delivery<SqlResult<void>>::deliver(delivery, std::move(opened));
  });
  auto transaction = std::make_unique<SqliteTransaction>(session);  // closes it in every case
  writer_.submit(session);
  auto opened = co_await delivery->wait(patience);
  if (!opened) co_return sql_fail(canceled());
  note(*opened);
  if (!*opened) co_return sql_fail(std::move(opened->error()));
  co_return std::move(transaction);
}

template <class T>
Task<SqlResult<T>> SqlitePool::submit(std::shared_ptr<sqlite::WriterJob> job,
                                      std::shared_ptr<Delivery<SqlResult<T>>> delivery) {
  writer_.submit(job);
  auto answer = co_await delivery->wait(job->deadline());
  if (!answer) answer = co_await delivery->wait(base::Deadline::after(kGrace));
  if (answer) co_return std::move(*answer);
  job->abandon();
  co_return sql_fail(canceled());
}

// ---- Administration ----------------------------------------------------------------------------

template <class T, class Work>
Task<SqlResult<T>> SqlitePool::on_writer(reactor::Loop& loop, base::Deadline deadline, Work work) {
  using Delivered = Delivery<SqlResult<T>>;
  auto delivery = std::make_shared<Delivered>(loop.executor());
  writer_.submit([delivery, work](SqlResult<Administration*> administration) {
    Delivered::deliver(delivery, administration
                                     ? work(**administration)
                                     : SqlResult<T>(sql_fail(std::move(administration.error()))));
  });
  auto answer = co_await delivery->wait(deadline);
  if (!answer) answer = co_await delivery->wait(base::Deadline::after(kGrace));
  if (!answer) co_return sql_fail(canceled());
  note(*answer);
  co_return std::move(*answer);
}

Task<Answer> SqlitePool::administer(reactor::Loop& loop, SystemAccess, std::string script,
                                    Bounds bounds) {
  if (!breaker_.allows()) co_return sql_fail(unavailable());
  // What only reads, for as long as it may take, holds up no writer.
  auto read = co_await blocking_.run([this, script, bounds] {
    return sqlite::read_script(file_, script, bounds, &interruption_);
  });
  if (read) co_return std::move(*read);
  co_return co_await on_writer<std::vector<Rows>>(
      loop, bounds.deadline, [script = std::move(script), bounds](Administration& administration) {
        return administration.run(script, bounds);
      });
}

Task<SqlResult<std::vector<std::uint64_t>>> SqlitePool::migrate(reactor::Loop& loop, SystemAccess,
                                                                std::vector<Migration> migrations,
                                                                Bounds bounds) {
  if (!breaker_.allows()) co_return sql_fail(unavailable());
  co_return co_await on_writer<std::vector<std::uint64_t>>(
      loop, bounds.deadline,
      [migrations = std::move(migrations), bounds](Administration& administration) {
        return administration.migrate(migrations, bounds);
      });
}

Task<SqlResult<std::vector<TableSecurity>>> SqlitePool::security(reactor::Loop& loop,
                                                                 SystemAccess) {
  if (!breaker_.allows()) co_return sql_fail(unavailable());
  co_return co_await on_writer<std::vector<TableSecurity>>(
      loop, base::Deadline::after(std::chrono::seconds(30)),
      [](Administration& administration) { return administration.security(); });
}

}  // namespace

std::unique_ptr<Pool> open_sqlite_pool(std::filesystem::path file, unsigned loops,
                                       reactor::BlockingPool& blocking,
                                       std::vector<SystemSchema> system) {
  return std::make_unique<SqlitePool>(std::move(file), loops, blocking, std::move(system));
}

}  // namespace database
