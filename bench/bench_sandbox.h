// A Sandbox in a temporary folder, for benchmarks: one loop, driven by the benchmark's own thread.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "base/id.h"
#include "sandbox/sandbox.h"

namespace bench {

// The programs of bench/ are their own compilers, as `roost` is: `PROGRAM compile`.
int main(int argc, char** argv);

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class BenchSandbox final : public sandbox::ModuleSource {
 public:
  explicit BenchSandbox(const std::filesystem::path& wasm) : module_(read_file(wasm)) {
    open();
    if (auto prepared = sandbox_->prepare(module_, limits_); !prepared) fail(prepared.error());
  }
  ~BenchSandbox() override {
    sandbox_.reset();
    std::filesystem::remove_all(folder_);
  }

  // A new Sandbox on the same folder, as after a restart.
  void open() {
    sandbox_.reset();
    auto made = sandbox::Sandbox::create(
        {.code_folder = folder_,
         .compiler_program = std::filesystem::read_symlink("/proc/self/exe"),
         .max_instances = 1000,
         .node_memory_bytes = 0},
        master_, *this, *database_, blocking_, blocking_);
    if (!made) fail(made.error());
    sandbox_ = std::move(*made);
  }

  // One call, to its end.
  sandbox::CallResult call() {
    std::optional<sandbox::CallResult> result;
    loop_.spawn(
        [](BenchSandbox& self, std::optional<sandbox::CallResult>& out) -> reactor::Task<void> {
          out = co_await self.sandbox_->call(self.loop_, self.request());
        }(*this, result));
    while (!result) loop_.context().run_one();
    if (!result->response) fail(result->response.error());
    return std::move(*result);
  }

  base::Result<std::string> module(const base::Sha256&) override { return module_; }

  sandbox::Sandbox& sandbox() { return *sandbox_; }
  [[nodiscard]] const base::Sha256& hash() const { return hash_; }

 private:
  [[noreturn]] static void fail(const base::Error& error) {
    std::cerr << error.message << '\n';
    std::exit(1);
  }

  sandbox::CallRequest request() {
    return {.module = hash_,
            .limits = limits_,
            .environment = environment_,
            .redactor = redactor_,
            .principal = principal_,
            .event = event_};
  }

  const std::string module_;
  const base::Sha256 hash_ = base::sha256(module_);
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("roost-bench-" + base::make_uuid());
  const auth::MasterKey master_ = auth::MasterKey::generate();
  catalog::Limits limits_;
  host::Environment environment_;
  telemetry::Redactor redactor_;
  auth::Principal principal_ = auth::Principal::anonymous();
  host::Event event_{.method = "POST",
                     .path = "/",
                     .query = "",
                     .headers = {},
                     .body = R"({"name":"World"})",
                     .request_id = "bench"};
  reactor::BlockingPool blocking_{1};
  reactor::Loop loop_{0};
  std::unique_ptr<database::Pool> database_ =
      database::open_sqlite_pool(folder_ / "data.db", 1, blocking_);
  std::unique_ptr<sandbox::Sandbox> sandbox_;
};

}  // namespace bench
