#include "telemetry/metrics.h"

#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace telemetry {
namespace {

using std::chrono::microseconds;

InvocationSample sample(std::string_view function, std::string_view status) {
  return {function, "http", status, microseconds(2'000), 1 << 20};
}

// One line of the exposition, without its value, and what it is expected to read.
void expect_value(const Metrics& metrics, const std::string& series, const std::string& value) {
  const std::string text = "\n" + metrics.expose();
  EXPECT_NE(text.find("\n" + series + " " + value + "\n"), std::string::npos)
      << series << " " << value << " is not in" << text;
}

void expect_absent(const Metrics& metrics, const std::string& series) {
  EXPECT_EQ(metrics.expose().find(series), std::string::npos) << series;
}

TEST(Metrics, InvocationsByNameTriggerAndStatus) {
  Metrics metrics;
  metrics.invocation(sample("hello", "success"));
  metrics.invocation(sample("hello", "success"));
  metrics.invocation({"hello", "database", "success", microseconds(1), 0});
  expect_value(metrics,
               R"(functions_invocations_total{name="hello",status="success",trigger="http"})", "2");
  expect_value(metrics,
               R"(functions_invocations_total{name="hello",status="success",trigger="database"})",
               "1");
  expect_absent(metrics, "functions_errors_total{");
  expect_absent(metrics, "functions_timeout_total{");
}

TEST(Metrics, FailuresAreCountedAndTimeoutsTwice) {
  Metrics metrics;
  for (const char* status : {"success", "error", "timeout", "memory_exceeded", "cpu_limit"}) {
    metrics.invocation(sample("loop", status));
  }
  expect_value(metrics, R"(functions_errors_total{name="loop"})", "4");
  expect_value(metrics, R"(functions_timeout_total{name="loop"})", "1");
  expect_value(metrics, R"(functions_duration_seconds_count{name="loop"})", "5");
}

TEST(Metrics, DurationsAndMemoryInBaseUnits) {
  Metrics metrics;
  metrics.invocation(sample("hello", "success"));
  expect_value(metrics, R"(functions_duration_seconds_sum{name="hello"})", "0.002");
  expect_value(metrics, R"(functions_duration_seconds_bucket{name="hello",le="0.001"})", "0");
  expect_value(metrics, R"(functions_duration_seconds_bucket{name="hello",le="0.0025"})", "1");
  expect_value(metrics, R"(functions_memory_bytes_sum{name="hello"})", "1048576");
  expect_value(metrics, R"(functions_memory_bytes_bucket{name="hello",le="524288"})", "0");
  expect_value(metrics, R"(functions_memory_bytes_bucket{name="hello",le="1048576"})", "1");
  expect_value(metrics, R"(functions_memory_bytes_bucket{name="hello",le="+Inf"})", "1");
}

TEST(Metrics, LongestTimeoutAndHighestLimitHaveBuckets) {
  Metrics metrics;
  metrics.invocation({"large", "http", "timeout", std::chrono::seconds(300), 512ULL << 20U});
  expect_value(metrics, R"(functions_duration_seconds_bucket{name="large",le="300"})", "1");
  expect_value(metrics, R"(functions_memory_bytes_bucket{name="large",le="536870912"})", "1");
}

TEST(Metrics, ResponsesByListenerAndCode) {
  Metrics metrics;
  metrics.http_response("functions", 200);
  metrics.http_response("functions", 429);
  metrics.http_response("functions", 429);
  metrics.http_response("admin", 401);
  expect_value(metrics, R"(http_requests_total{code="200",listener="functions"})", "1");
  expect_value(metrics, R"(http_requests_total{code="429",listener="functions"})", "2");
  expect_value(metrics, R"(http_requests_total{code="401",listener="admin"})", "1");
}

TEST(Metrics, WatchedGaugesAreReadWhenAsked) {
  Metrics metrics;
  double running = 7;
  metrics.watch("admission_running", [&] { return running; });
  expect_value(metrics, "admission_running", "7");
  running = 6;
  expect_value(metrics, "admission_running", "6");
  metrics.watch("admission_running", nullptr);
  running = 5;
  expect_value(metrics, "admission_running", "0");
}

TEST(Metrics, AdmissionCountsRefusalsByReasonAndWaits) {
  Metrics metrics;
  metrics.admission_rejected("waited");
  metrics.admission_rejected("queue_full");
  metrics.admission_rejected("waited");
  expect_value(metrics, R"(admission_rejected_total{reason="waited"})", "2");
  expect_value(metrics, R"(admission_rejected_total{reason="queue_full"})", "1");
  metrics.admission_waited(std::chrono::milliseconds(30));
  expect_value(metrics, R"(admission_wait_seconds_bucket{le="0.025"})", "0");
  expect_value(metrics, R"(admission_wait_seconds_bucket{le="0.05"})", "1");
}

TEST(Metrics, EveryFamilyTellsItsType) {
  Metrics metrics;
  metrics.invocation(sample("hello", "timeout"));
  metrics.watch("admission_running", [] { return 1.0; });
  const std::string text = metrics.expose();
  EXPECT_NE(text.find("# TYPE functions_invocations_total counter"), std::string::npos);
  EXPECT_NE(text.find("# TYPE functions_duration_seconds histogram"), std::string::npos);
  EXPECT_NE(text.find("# TYPE functions_memory_bytes histogram"), std::string::npos);
  EXPECT_NE(text.find("# TYPE admission_running gauge"), std::string::npos);
}

TEST(Metrics, ManyThreadsLoseNothing) {
  constexpr int kThreads = 4;
  Metrics metrics;
  std::barrier start(kThreads);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      // All meet each new series at about the same time.
      start.arrive_and_wait();
      for (int i = 0; i < 2000; ++i) {
        metrics.invocation(sample("f" + std::to_string(i % 500), "success"));
        metrics.http_response("functions", i % 500);
      }
    });
  }
  threads.clear();
  expect_value(metrics,
               R"(functions_invocations_total{name="f499",status="success",trigger="http"})", "16");
  expect_value(metrics, R"(http_requests_total{code="202",listener="functions"})", "16");
}

TEST(Metrics, ExposedWhileTheyGrow) {
  Metrics metrics;
  std::jthread writer([&metrics] {
    for (int i = 0; i < 200; ++i) metrics.invocation(sample("f" + std::to_string(i), "error"));
  });
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(metrics.expose().empty());
  writer.join();
  expect_value(metrics, R"(functions_errors_total{name="f199"})", "1");
}

}  // namespace
}  // namespace telemetry
