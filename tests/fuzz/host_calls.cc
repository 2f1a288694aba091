// Host functions over a guest's memory: arbitrary pointers and lengths touch nothing outside of it.
//
//   input = size of the memory: u16, its content, (function: u8, five arguments: u32)*
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <sanitizer/asan_interface.h>

#include "fuzz/input.h"
#include "host/assemblyscript.h"
#include "host/call.h"
#include "host/database_call.h"
#include "host/functions.h"
#include "host/wasi.h"

namespace {

using host::Call;
using host::GuestMemory;
using Arguments = std::array<std::uint32_t, 5>;

constexpr std::size_t kMaxMemory = 4096;
constexpr std::size_t kBorder = 64;
constexpr std::uint8_t kMark = 0xa5;
constexpr int kMaxCalls = 64;

// Between borders, which show what was written over an end; what was only read AddressSanitizer
// shows, as long as the borders are `Shut`.
class BorderedMemory {
 public:
  explicit BorderedMemory(std::string_view content)
      : bytes_(content.size() + 2 * kBorder, kMark), size_(content.size()) {
    std::ranges::copy(content, bytes_.begin() + kBorder);
  }
  GuestMemory memory() { return GuestMemory({bytes_.data() + kBorder, size_}); }
  [[nodiscard]] bool borders_hold() const {
    const auto marked = [](std::uint8_t byte) { return byte == kMark; };
    return std::all_of(bytes_.begin(), bytes_.begin() + kBorder, marked) &&
           std::all_of(bytes_.end() - kBorder, bytes_.end(), marked);
  }

  class Shut {
   public:
    explicit Shut(BorderedMemory& memory) : memory_(memory) {
      const std::uint8_t* const begin = memory_.bytes_.data();
      ASAN_POISON_MEMORY_REGION(begin, kBorder);
      ASAN_POISON_MEMORY_REGION(begin + kBorder + memory_.size_, kBorder);
    }
    Shut(const Shut&) = delete;
    Shut& operator=(const Shut&) = delete;
    ~Shut() { ASAN_UNPOISON_MEMORY_REGION(memory_.bytes_.data(), memory_.bytes_.size()); }

   private:
    BorderedMemory& memory_;
  };

 private:
  std::vector<std::uint8_t> bytes_;
  const std::size_t size_;
};

void run_roost(std::uint8_t function, Call& call, GuestMemory memory, const Arguments& a) {
  switch (function % 12) {
    case 0:
      (void)host::event_read(call, memory, a[0], a[1], a[2]);
      break;
    case 1:
      (void)host::body_read(call, memory, a[0], a[1], a[2]);
      break;
    case 2:
      (void)host::respond(call, memory, a[0], a[1], a[2], a[3], a[4]);
      break;
    case 3:
      (void)host::log(call, memory, a[0], a[1], a[2]);
      break;
    case 4:
      (void)host::env(call, memory, a[0], a[1]);
      break;
    case 5:
      (void)host::result_read(call, memory, a[0], a[1], a[2]);
      break;
    case 6:
      (void)host::random(call, memory, a[0], a[1]);
      break;
    case 7:
      (void)host::ask_query(call, memory, a[0], a[1], a[2], a[3]);
      break;
    case 8:
      (void)host::ask_batch(call, memory, a[0], a[1]);
      break;
    case 9:
      (void)host::assemblyscript_abort(call, memory, a[0], a[1], a[2], a[3]);
      break;
    case 10:
      (void)host::event_size(call, memory);
      break;
    default:
      (void)host::body_size(call, memory);
      break;
  }
}

void run_wasi(std::uint8_t function, Call& call, GuestMemory memory, const Arguments& a) {
  namespace wasi = host::wasi;
  switch (function % 10) {
    case 0:
      (void)wasi::clock_time_get(call, memory, a[0], a[1], a[2]);
      break;
    case 1:
      (void)wasi::clock_res_get(call, memory, a[0], a[1]);
      break;
    case 2:
      (void)wasi::random_get(call, memory, a[0], a[1]);
      break;
    case 3:
      (void)wasi::environ_sizes_get(call, memory, a[0], a[1]);
      break;
    case 4:
      (void)wasi::environ_get(call, memory, a[0], a[1]);
      break;
    case 5:
      (void)wasi::args_sizes_get(call, memory, a[0], a[1]);
      break;
    case 6:
      (void)wasi::args_get(call, memory, a[0], a[1]);
      break;
    case 7:
      (void)wasi::fd_write(call, memory, a[0], a[1], a[2], a[3]);
      break;
    case 8:
      (void)wasi::fd_fdstat_get(call, memory, a[0], a[1]);
      break;
    default:
      (void)wasi::plan_poll(call, memory, a[0], a[1]);
      break;
  }
}

// As the driver does between two polls, but that no database is asked.
void answer(Call& call) {
  if (!call.database) return;
  auto statements = host::statements_of(*call.database);
  database::SqlResult<std::vector<database::Rows>> outcome;
  if (!statements) outcome = std::unexpected(std::move(statements.error()));
  if (statements) outcome = std::vector<database::Rows>(statements->size());
  (void)host::answer_query(call, std::move(outcome));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const host::Event kEvent{.method = "POST",
                                  .path = "/a",
                                  .query = "k=v",
                                  .headers = {{"content-type", "text/plain"}},
                                  .body = "a body",
                                  .request_id = "1"};
  static const auth::Principal kPrincipal = auth::Principal::anonymous();
  static const host::Environment kEnvironment{{"EMPTY", ""}, {"SECRET_TOKEN", "s3cr3t-value"}};
  static const auto kRedactor = telemetry::Redactor::of_environment(kEnvironment);
  static constexpr host::Quota kQuota{.response_bytes = 1024, .log_bytes = 4096, .host_calls = 100};

  fuzz::Input input(data, size);
  const std::size_t wanted = input.number<std::uint16_t>() % kMaxMemory;
  std::string content(input.text(wanted));
  content.resize(wanted);
  BorderedMemory bordered(content);
  Call call(kEvent, kPrincipal, kEnvironment, kRedactor, kQuota);
  for (int calls = 0; calls < kMaxCalls && !input.empty(); ++calls) {
    const auto function = input.number<std::uint8_t>();
    Arguments arguments;
    for (std::uint32_t& argument : arguments) argument = input.number<std::uint32_t>();
    const auto run = function < 128 ? run_roost : run_wasi;
    {
      const BorderedMemory::Shut shut(bordered);
      run(function, call, bordered.memory(), arguments);
    }
    fuzz::require(bordered.borders_hold(), "nothing outside of the memory is written");
    if (call.failure) break;  // the guest is stopped
    answer(call);
  }
  call.log.finish();
  for (const std::string& line : call.log.take()) {
    fuzz::require(line.find("s3cr3t-value") == std::string::npos, "no secret is logged");
  }
  return 0;
}
