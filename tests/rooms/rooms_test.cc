// Holds src/README.md's table against the code: includes go up the table only, a C library is named
// in its own room, and no file is longer than 600 lines.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

struct Rooms {
  std::vector<std::string> order;
  // Beginning of a C header's name → the room that may include it.
  std::map<std::string, std::string> libraries{
      {"wasm", "wasm"},         {"roost_engine.h", "wasm"}, {"sqlite3", "database"},
      {"libpq", "database"},    {"openssl/", "base"},       {"sodium", "auth"},
      {"pg_query", "database"}, {"date/", "triggers"},      {"gperftools/", "cli"}};

  [[nodiscard]] std::optional<std::size_t> place(const std::string& room) const {
    const auto found = std::ranges::find(order, room);
    if (found == order.end()) return std::nullopt;
    return static_cast<std::size_t>(found - order.begin());
  }
};

Rooms read_table(std::istream& readme) {
  static const std::regex kRow(R"(^\| `([a-z]+)` \|.*)");
  Rooms rooms;
  for (std::string line; std::getline(readme, line);) {
    if (std::smatch match; std::regex_match(line, match, kRow)) rooms.order.push_back(match[1]);
  }
  return rooms;
}

// What is wrong with one file of a room, one sentence each.
std::vector<std::string> check(const Rooms& rooms, const std::string& room, const std::string& file,
                               std::istream& text) {
  static const std::regex kQuoted(R"re(^#include "([a-z]+)/.*)re");
  static const std::regex kAngled(R"(^#include <([a-z0-9_/.]+)>.*)");
  std::vector<std::string> faults;
  int lines = 0;
  for (std::string line; std::getline(text, line); ++lines) {
    std::smatch match;
    if (std::regex_match(line, match, kQuoted)) {
      const auto target = rooms.place(match[1]);
      if (!target)
        faults.push_back(file + " includes `" + match[1].str() + "`, which is no room");
      else if (*target > *rooms.place(room))
        faults.push_back(file + ": `" + room + "` includes `" + match[1].str() +
                         "`, a room below it");
    } else if (std::regex_match(line, match, kAngled)) {
      for (const auto& [library, owner] : rooms.libraries) {
        if (match[1].str().starts_with(library) && room != owner) {
          faults.push_back(file + ": <" + match[1].str() + "> belongs to `" + owner + "`");
        }
      }
    }
  }
  if (lines > 600) faults.push_back(file + " has " + std::to_string(lines) + " lines");
  return faults;
}

Rooms rooms_of_source() {
  std::ifstream readme(std::filesystem::path(ROOST_SOURCE) / "README.md");
  return read_table(readme);
}

TEST(Rooms, TableNamesEveryFolder) {
  const Rooms rooms = rooms_of_source();
  ASSERT_GT(rooms.order.size(), 10U);
  for (const auto& entry : std::filesystem::directory_iterator(ROOST_SOURCE)) {
    if (entry.is_directory()) {
      EXPECT_TRUE(rooms.place(entry.path().filename())) << entry.path();
    }
  }
}

TEST(Rooms, IncludesGoUpAndLibrariesStayHome) {
  const Rooms rooms = rooms_of_source();
  std::size_t files = 0;
  for (const std::string& room : rooms.order) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             std::filesystem::path(ROOST_SOURCE) / room)) {
      const auto ending = entry.path().extension();
      if (ending != ".h" && ending != ".cc") continue;
      ++files;
      std::ifstream text(entry.path());
      for (const std::string& fault :
           check(rooms, room, entry.path().lexically_relative(ROOST_SOURCE), text)) {
        ADD_FAILURE() << fault;
      }
    }
  }
  EXPECT_GT(files, 50U);
}

// The check itself, on files that break each rule.
TEST(Rooms, BrokenRulesAreSeen) {
  const Rooms rooms = rooms_of_source();
  const auto faults_of = [&](const std::string& room, const std::string& text) {
    std::istringstream in(text);
    return check(rooms, room, "x.cc", in);
  };
  EXPECT_EQ(faults_of("wasm", "#include \"base/error.h\"\n#include <wasmtime.h>\n").size(), 0U);
  EXPECT_EQ(faults_of("base", "#include \"wasm/engine.h\"\n").size(), 1U);
  EXPECT_EQ(faults_of("host", "#include \"sandbox/sandbox.h\"\n").size(), 1U);
  EXPECT_EQ(faults_of("sandbox", "#include <wasmtime/async.h>\n").size(), 1U);
  EXPECT_EQ(faults_of("sandbox", "#include <roost_engine.h>\n").size(), 1U);
  EXPECT_EQ(faults_of("catalog", "#include <sqlite3.h>\n").size(), 1U);
  EXPECT_EQ(faults_of("host", "#include \"nowhere/x.h\"\n").size(), 1U);
  EXPECT_EQ(faults_of("host", std::string(601, '\n')).size(), 1U);
}

}  // namespace
