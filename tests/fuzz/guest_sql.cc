// Guests' SQL under row-level security: whatever a statement is, it shows and changes no row of
// somebody else's.
//
//   input = caller: a digit, parameters: a digit, LF, statement
#include <cctype>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "database/sqlite/guest_pair.h"
#include "differential/callers.h"
#include "differential/hostile_world.h"
#include "fuzz/folder.h"
#include "fuzz/input.h"

namespace {

using database::sqlite::GuestPair;
using database::sqlite::Kind;
using differential::Caller;
using differential::Deed;
using differential::HostileWorld;

constexpr std::chrono::seconds kTime{2};
constexpr std::uint64_t kMaxRows = 1000;
constexpr std::uint64_t kMaxBytes = 256 * base::kKiB;

struct Ground {
  Ground() : world(HostileWorld::make(folder / "data.db")) {
    auto opened = GuestPair::open(folder / "data.db", database::sqlite::Mode::kWrite);
    fuzz::require(world && opened, "a database can be made for the target");
    pair = std::move(*opened);
  }

  fuzz::Folder folder;
  std::unique_ptr<HostileWorld> world;
  std::unique_ptr<GuestPair> pair;
};

// Numbers are told apart by their digits, as JSON has them.
std::optional<std::string> leak(const HostileWorld& world, const Caller& caller,
                                std::string_view text) {
  if (auto leaked = world.leak(caller, text)) return leaked;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (std::isdigit(static_cast<unsigned char>(text[at])) == 0) continue;
    std::int64_t number = 0;
    const auto end = std::from_chars(text.data() + at, text.data() + text.size(), number).ptr;
    if (auto leaked = world.leak(caller, number)) return leaked;
    at = static_cast<std::size_t>(end - text.data());
  }
  return std::nullopt;
}

Deed deed_of(Kind kind) {
  switch (kind) {
    case Kind::kSelect:
      return Deed::kSelect;
    case Kind::kInsert:
      return Deed::kInsert;
    case Kind::kUpdate:
      return Deed::kUpdate;
    case Kind::kDelete:
      break;
  }
  return Deed::kDelete;
}

// What the open transaction has made of the tables is what the caller may do.
void require_no_misdeed(Ground& ground, const Caller& caller, std::string_view sql) {
  const auto compiled = ground.pair->compile(sql);
  fuzz::require(compiled.has_value(), "what ran compiles");
  const database::sqlite::Compiled& statement = **compiled;
  const auto after = HostileWorld::read(ground.pair->keeper().connection());
  const auto misdeed = ground.world->misdeed(
      caller, deed_of(statement.statement.kind),
      statement.statement.names_target || statement.target_reads || statement.returning_reads,
      after);
  fuzz::require(!misdeed, misdeed.value_or(""));
}

// Any byte is one.
unsigned digit(fuzz::Input& input) {
  return static_cast<std::uint8_t>(input.number<std::uint8_t>() - '0') % 10U;
}

database::Statement statement_of(std::string_view sql, unsigned parameters) {
  static const std::vector<database::Value> kValues{std::int64_t{1},
                                                    std::string(differential::kBob),
                                                    database::Null{},
                                                    true,
                                                    2.5,
                                                    database::Json{R"({"a":[1,"b"]})"}};
  database::Statement statement{.sql = std::string(sql), .parameters = {}};
  for (unsigned i = 0; i < parameters; ++i) {
    statement.parameters.push_back(kValues[i % kValues.size()]);
  }
  return statement;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Ground ground;
  fuzz::Input input(data, size);
  const auto& callers = differential::callers();
  const Caller& caller = callers[digit(input) % callers.size()];
  const unsigned parameters = digit(input);
  (void)input.line();
  const std::string_view sql = input.rest();
  // Who can write it down has not been shown it: the fuzzer reads memory.
  if (leak(*ground.world, caller, sql)) return 0;

  ground.pair->begin_time();
  fuzz::require(ground.pair->keeper().begin().has_value(), "a transaction can be begun");
  const std::int64_t before = sqlite3_total_changes64(ground.pair->keeper().connection());
  const auto rows = ground.pair->run(
      database::GuestAccess(caller.principal), statement_of(sql, parameters),
      {.deadline = base::Deadline::after(kTime), .max_rows = kMaxRows, .max_bytes = kMaxBytes});
  const auto leaked =
      leak(*ground.world, caller, rows ? rows->json : database::to_json(rows.error()));
  fuzz::require(!leaked, leaked.value_or(""));
  const bool changed = sqlite3_total_changes64(ground.pair->keeper().connection()) != before;
  if (rows && changed) require_no_misdeed(ground, caller, sql);
  ground.pair->keeper().rollback();
  return 0;
}
