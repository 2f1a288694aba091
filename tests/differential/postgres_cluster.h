// A PostgreSQL of the test's own: made in a temporary folder, reached by a Unix socket in it, gone
// with the test.
//
// Durability is off: nothing outlives it. PostgreSQL refuses to run as root, so as root it runs as
// the user `postgres`. When the test dies without a word, the kernel ends the server and a shell
// that waits for that removes the folder. One per program (it takes a few seconds); belongs to the
// thread that started it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <sys/types.h>

namespace differential {

class PostgresCluster {
 public:
  // Waits until it takes connections. Nothing, and a failure of the test that says why, when it
  // does not come up.
  static std::unique_ptr<PostgresCluster> start();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;
  ~PostgresCluster();

  // Removed however the test ends.
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  // For PQconnectdb, as its superuser.
  [[nodiscard]] std::string connection_string() const;

 private:
  explicit PostgresCluster(std::filesystem::path folder) : folder_(std::move(folder)) {}
  bool watch();
  bool make();
  bool serve();
  bool await_ready(int log);

  const std::filesystem::path folder_;
  pid_t remover_ = -1;
  int alive_ = -1;  // whose other end the remover reads: closed by us, or by the kernel
  pid_t server_ = -1;
  int log_ = -1;  // its messages: kept open, for it to have somewhere to write
};

}  // namespace differential
