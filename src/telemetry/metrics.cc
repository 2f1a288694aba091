#include "telemetry/metrics.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <tuple>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/units.h"

namespace telemetry {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

// From a fresh sandbox's few microseconds to the longest timeout, in seconds.
const Histogram::BucketBoundaries& duration_buckets() {
  static const Histogram::BucketBoundaries buckets{
      0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
      0.05,    0.1,      0.25,    0.5,    1,       2.5,    5,     10,     30,    60,   300};
  return buckets;
}

// From a wake-up within the process to a backlog of days, in seconds.
const Histogram::BucketBoundaries& lag_buckets() {
  static const Histogram::BucketBoundaries buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                   0.1,   0.25,   0.5,   1,    2.5,   5,
                                                   10,    30,     60,    300,  3600,  86400};
  return buckets;
}

// From one page of WebAssembly's memory to the highest limit, in bytes.
const Histogram::BucketBoundaries& memory_buckets() {
  static const Histogram::BucketBoundaries buckets = [] {
    Histogram::BucketBoundaries powers;
    for (std::uint64_t bytes = 64 * base::kKiB; bytes <= 512 * base::kMiB; bytes *= 2) {
      powers.push_back(static_cast<double>(bytes));
    }
    return powers;
  }();
  return buckets;
}

// What one sample touches. The pointers are owned by their families and live as long.
struct Series {
  Counter* invocations;
  Histogram* duration;
  Histogram* memory;
  Counter* timeouts;  // null unless the status is timeout
  Counter* errors;    // null when the status is success
};

struct Watch {
  Gauge* gauge;
  std::function<double()> read;
};

std::string help_of(std::string_view gauge) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kHelp{
      {{"admission_running", "Invocations that run now"},
       {"admission_waiting", "Invocations that wait to be admitted"},
       {"functions_memory_used_bytes", "Memory of all running functions"},
       {"functions_memory_budget_bytes", "What they may use together; past it: NODE_MEMORY"},
       {"functions_triggers_faulty", "Triggers that do not fire as they are written"}}};
  const auto* const found =
      std::ranges::find(kHelp, gauge, &std::pair<std::string_view, std::string_view>::first);
  return found == kHelp.end() ? std::string() : std::string(found->second);
}

// A family's Add takes a lock and hashes freshly allocated labels each time; what it returned is
// kept here instead, where looking up takes a shared lock and allocates nothing.
template <class Key, class Value>
class Cache {
 public:
  // `make` runs under the exclusive lock when the key is new.
  template <class View, class Make>
  Value get(const View& key, const Make& make) {
    {
      const std::shared_lock lock(mutex_);
      const auto found = values_.find(key);
      if (found != values_.end()) return found->second;
    }
    const std::unique_lock lock(mutex_);
    const auto found = values_.find(key);
    if (found != values_.end()) return found->second;
    return values_.emplace(Key(key), make()).first->second;
  }

 private:
  std::shared_mutex mutex_;
  std::map<Key, Value, std::less<>> values_;
};

}  // namespace

struct Metrics::Families {
  // Own synchronisation, as all of prometheus-cpp.
  prometheus::Registry registry;
  Family<Counter>& invocations = prometheus::BuildCounter()
                                     .Name("functions_invocations_total")
                                     .Help("Invocations that ended, by trigger and status")
                                     .Register(registry);
  Family<Histogram>& durations = prometheus::BuildHistogram()
                                     .Name("functions_duration_seconds")
                                     .Help("Time from instantiation to the end of an invocation")
                                     .Register(registry);
  Family<Histogram>& memory = prometheus::BuildHistogram()
                                  .Name("functions_memory_bytes")
                                  .Help("Peak linear memory of an invocation")
                                  .Register(registry);
  Family<Counter>& timeouts = prometheus::BuildCounter()
                                  .Name("functions_timeout_total")
                                  .Help("Invocations that ran past their timeout")
                                  .Register(registry);
  Family<Counter>& errors = prometheus::BuildCounter()
                                .Name("functions_errors_total")
                                .Help("Invocations that did not end in success, timeouts included")
                                .Register(registry);
  Family<Counter>& responses = prometheus::BuildCounter()
                                   .Name("http_requests_total")
                                   .Help("HTTP requests answered, by listener and status code")
                                   .Register(registry);
  Histogram& waits = prometheus::BuildHistogram()
                         .Name("admission_wait_seconds")
                         .Help("Time that invocations waited for a place, of those that had to")
                         .Register(registry)
                         .Add({}, duration_buckets());
  Family<Counter>& rejected = prometheus::BuildCounter()
                                  .Name("admission_rejected_total")
                                  .Help("Invocations that were not let in, by reason")
                                  .Register(registry);
  Cache<std::string, Counter*> rejected_by_reason;
  Counter& handed_over = prometheus::BuildCounter()
                             .Name("functions_handed_over_total")
                             .Help("Invocations that ran on another loop than their connection's")
                             .Register(registry)
                             .Add({});
  Family<Histogram>& lags = prometheus::BuildHistogram()
                                .Name("functions_events_lag_seconds")
                                .Help("Time from an event's commit to its first attempt")
                                .Register(registry);
  Family<Counter>& retries = prometheus::BuildCounter()
                                 .Name("functions_events_retries_total")
                                 .Help("Attempts of events that had failed before")
                                 .Register(registry);
  Family<Counter>& deaths = prometheus::BuildCounter()
                                .Name("functions_events_dead_total")
                                .Help("Events whose last attempt failed")
                                .Register(registry);
  Family<Gauge>& pending = prometheus::BuildGauge()
                               .Name("functions_events_pending")
                               .Help("Events that wait or run, as last counted")
                               .Register(registry);
  Family<Gauge>& dead = prometheus::BuildGauge()
                            .Name("functions_events_dead")
                            .Help("Dead letters, as last counted")
                            .Register(registry);
  Family<Gauge>& oldest = prometheus::BuildGauge()
                              .Name("functions_events_oldest_age_seconds")
                              .Help("Age of the oldest event that waits or runs")
                              .Register(registry);
  Histogram& lateness = prometheus::BuildHistogram()
                            .Name("functions_ticks_lateness_seconds")
                            .Help("Time from a schedule's time to its event")
                            .Register(registry)
                            .Add({}, lag_buckets());
  prometheus::TextSerializer serializer;

  std::mutex watches_mutex;
  std::map<std::string, Watch, std::less<>> watches;

  Cache<std::tuple<std::string, std::string, std::string>, Series> series_by_labels;
  Cache<std::tuple<std::string, int>, Counter*> responses_by_labels;

  Series make_series(const InvocationSample& sample) {
    const std::string name(sample.function);
    const bool timed_out = sample.status == "timeout";
    const bool failed = sample.status != "success";
    return {&invocations.Add({{"name", name},
                              {"trigger", std::string(sample.trigger)},
                              {"status", std::string(sample.status)}}),
            &durations.Add({{"name", name}}, duration_buckets()),
            &memory.Add({{"name", name}}, memory_buckets()),
            timed_out ? &timeouts.Add({{"name", name}}) : nullptr,
            failed ? &errors.Add({{"name", name}}) : nullptr};
  }
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::invocation(const InvocationSample& sample) {
  const Series series =
      families_->series_by_labels.get(std::tie(sample.function, sample.trigger, sample.status),
                                      [&] { return families_->make_series(sample); });
  series.invocations->Increment();
  series.duration->Observe(std::chrono::duration<double>(sample.duration).count());
  series.memory->Observe(static_cast<double>(sample.peak_memory_bytes));
  if (series.timeouts != nullptr) series.timeouts->Increment();
  if (series.errors != nullptr) series.errors->Increment();
}

void Metrics::http_response(std::string_view listener, int status) {
  Counter* counter = families_->responses_by_labels.get(std::tie(listener, status), [&] {
    return &families_->responses.Add(
        {{"listener", std::string(listener)}, {"code", std::to_string(status)}});
  });
  counter->Increment();
}

void Metrics::handed_over() { families_->handed_over.Increment(); }

void Metrics::admission_waited(std::chrono::nanoseconds wait) {
  families_->waits.Observe(std::chrono::duration<double>(wait).count());
}

void Metrics::admission_rejected(std::string_view reason) {
  families_->rejected_by_reason
      .get(reason, [&] { return &families_->rejected.Add({{"reason", std::string(reason)}}); })
      ->Increment();
}

void Metrics::watch(std::string_view gauge, std::function<double()> read) {
  const std::string name(gauge);
  Gauge& value = prometheus::BuildGauge()
                     .Name(name)
                     .Help(help_of(gauge))
                     .Register(families_->registry)
                     .Add({});
  const std::lock_guard lock(families_->watches_mutex);
  if (read == nullptr) {
    families_->watches.erase(name);
    value.Set(0);
  } else {
    families_->watches.insert_or_assign(name, Watch{&value, std::move(read)});
  }
}

namespace {

double seconds_of(std::chrono::milliseconds span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

void Metrics::event_started(std::string_view function, std::chrono::milliseconds lag) {
  families_->lags.Add({{"name", std::string(function)}}, lag_buckets()).Observe(seconds_of(lag));
}

void Metrics::event_retried(std::string_view function) {
  families_->retries.Add({{"name", std::string(function)}}).Increment();
}

void Metrics::event_died(std::string_view function) {
  families_->deaths.Add({{"name", std::string(function)}}).Increment();
}

void Metrics::tick_enqueued(std::chrono::milliseconds late) {
  families_->lateness.Observe(seconds_of(late));
}

void Metrics::events_waiting(std::string_view function, std::uint64_t pending, std::uint64_t dead,
                             std::chrono::milliseconds oldest) {
  const prometheus::Labels labels{{"name", std::string(function)}};
  families_->pending.Add(labels).Set(static_cast<double>(pending));
  families_->dead.Add(labels).Set(static_cast<double>(dead));
  families_->oldest.Add(labels).Set(seconds_of(oldest));
}

std::string Metrics::expose() const {
  {
    const std::lock_guard lock(families_->watches_mutex);
    for (const auto& [name, watch] : families_->watches) watch.gauge->Set(watch.read());
  }
  return families_->serializer.Serialize(families_->registry.Collect());
}

}  // namespace telemetry
