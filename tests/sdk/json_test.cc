#include "json.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace {

struct Found {
  std::ptrdiff_t length;
  std::string text;
  bool operator==(const Found&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Found& found) {
  return out << found.length << " '" << found.text << "'";
}

// Both buffers are exactly as large as they claim, so that sanitizers see a byte too many.
Found find(const std::string& json, const char* name, std::size_t capacity) {
  const auto text = std::make_unique<char[]>(json.size());
  std::ranges::copy(json, text.get());
  const auto out = std::make_unique<char[]>(capacity);
  const std::ptrdiff_t length = sdk_json_string(text.get(), json.size(), name, out.get(), capacity);
  if (length < 0) return {length, ""};
  EXPECT_EQ(out[static_cast<std::size_t>(length)], '\0');
  return {length, std::string(out.get(), static_cast<std::size_t>(length))};
}

Found find_name(const std::string& json) { return find(json, "name", json.size() + 1); }

Found text(std::string value) {
  const auto length = static_cast<std::ptrdiff_t>(value.size());
  return {length, std::move(value)};
}

const Found kAbsent{kSdkAbsent, ""};
const Found kInvalid{kSdkInvalid, ""};

TEST(SdkJson, FindsAMemberAmongOthers) {
  EXPECT_EQ(find_name(R"({"name":"World"})"), text("World"));
  EXPECT_EQ(find_name(" { \"a\" : [ { \"name\" : \"inner\" } , 1e+2 ] ,\n\"name\"\t:\r\"x\" } "),
            text("x"));
  EXPECT_EQ(find_name(R"({"n\u0061me":""})"), text(""));
  EXPECT_EQ(find_name(R"({"name":"first","name":"last"})"), text("last"));
}

TEST(SdkJson, SaysWhenThereIsNoSuchString) {
  for (const char* json : {R"({})", R"({"nam":"a","names":"b"})", R"({"name":null})",
                           R"({"name":["a"]})", R"({"name":"first","name":1})"}) {
    EXPECT_EQ(find_name(json), kAbsent) << json;
  }
}

TEST(SdkJson, DecodesEscapes) {
  EXPECT_EQ(find_name(R"({"name":"\"\\\/\b\f\n\r\t"})"), text("\"\\/\b\f\n\r\t"));
  EXPECT_EQ(find_name(R"({"name":"\u00e4\u20AC\ud83d\ude00"})"), text("ä€😀"));
  EXPECT_EQ(find_name(R"({"name":"a\u0000b"})"), text(std::string("a\0b", 3)));
}

TEST(SdkJson, RefusesWhatIsNotJson) {
  for (const char* json : {"",
                           " ",
                           "[]",
                           "\"name\"",
                           "null",
                           "{",
                           "{\"name\"",
                           "{\"name\":",
                           "{\"name\":\"",
                           "{\"name\":\"a\"",
                           "{\"name\":\"a\"}x",
                           "{\"name\":\"a\",}",
                           "{,}",
                           "{\"name\" \"a\"}",
                           "{name:\"a\"}",
                           "{'name':'a'}",
                           "{\"name\":\"a\nb\"}",
                           "{\"name\":\"\\x41\"}",
                           "{\"name\":\"\\u12\"}",
                           "{\"name\":\"\\ud83d\"}",
                           "{\"name\":\"\\ude00\"}",
                           "{\"name\":\"\\ud83d\\u0041\"}",
                           "{\"a\":01}",
                           "{\"a\":1.}",
                           "{\"a\":.5}",
                           "{\"a\":1e}",
                           "{\"a\":-}",
                           "{\"a\":+1}",
                           "{\"a\":tru}",
                           "{\"a\":NaN}",
                           "{\"a\":[1,]}",
                           "{\"a\":[1 2]}"}) {
    EXPECT_EQ(find_name(json), kInvalid) << json;
  }
}

TEST(SdkJson, BoundsDepth) {
  const auto nested = [](std::size_t arrays) {
    return "{\"a\":" + std::string(arrays, '[') + std::string(arrays, ']') + ",\"name\":\"x\"}";
  };
  EXPECT_EQ(find_name(nested(kSdkMaxDepth)), text("x"));
  EXPECT_EQ(find_name(nested(kSdkMaxDepth + 1)), kInvalid);
  EXPECT_EQ(find_name(nested(100'000)), kInvalid);
}

TEST(SdkJson, SaysWhenAStringDoesNotFit) {
  const std::string json = R"({"name":"\u20ac12"})";
  EXPECT_EQ(find(json, "name", 6), text("€12"));
  for (const std::size_t capacity : {0U, 1U, 3U, 5U}) {
    EXPECT_EQ(find(json, "name", capacity), (Found{kSdkTooLong, ""})) << capacity;
  }
}

// The object's string of that name, as a whole parser sees it.
Found expected(const std::string& json) {
  boost::json::error_code failed;
  const boost::json::value value = boost::json::parse(json, failed);
  if (failed || !value.is_object()) return kInvalid;
  const boost::json::value* const member = value.as_object().if_contains("name");
  if (member == nullptr || !member->is_string()) return kAbsent;
  return text(std::string(member->as_string()));
}

// Damaged in a few places at a time, it must be read as Boost reads it.
TEST(SdkJson, AgreesWithAWholeParserOnDamagedTexts) {
  const std::string original =
      R"({"a":[-1.5e3,true,null,{"b":"\u0041\n"}],"name":"W\"\ud83d\ude00d","c":{"name":0}})";
  const std::string pieces = R"({}[]:,"\/unamert0123456789-+.eE )";
  std::mt19937 random(1);
  int valid = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string json = original;
    for (auto changes = random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % json.size();
      const char piece = pieces[random() % pieces.size()];
      switch (random() % 3) {
        case 0:
          json.erase(at, 1);
          break;
        case 1:
          json.insert(at, 1, piece);
          break;
        default:
          json[at] = piece;
      }
    }
    const Found wanted = expected(json);
    ASSERT_EQ(find_name(json), wanted) << json;
    if (wanted != kInvalid) ++valid;
  }
  EXPECT_GT(valid, 1000);
  EXPECT_LT(valid, 19'000);
}

TEST(SdkJson, EscapedTextReadsBackTheSame) {
  std::string all;
  for (int byte = 0; byte < 0x80; ++byte) all += static_cast<char>(byte);
  all += "ä€😀";
  std::vector<char> out(6 * all.size() + 1);
  const std::size_t length = sdk_json_escape(all.data(), all.size(), out.data(), out.size());
  ASSERT_LT(length, out.size());
  EXPECT_EQ(out[length], '\0');
  EXPECT_EQ(find_name("{\"name\":\"" + std::string(out.data(), length) + "\"}"), text(all));
}

TEST(SdkJson, EscapeStaysWithinItsBuffer) {
  const std::string quotes(10, '"');
  for (std::size_t capacity = 0; capacity < 24; ++capacity) {
    std::vector<char> out(capacity);
    EXPECT_EQ(sdk_json_escape(quotes.data(), quotes.size(), out.data(), capacity), 20U);
    if (capacity > 0) {
      EXPECT_EQ(out[std::min<std::size_t>(capacity - 1, 20)], '\0');
    }
  }
}

// Keeps the text that values are places in.
class Document {
 public:
  explicit Document(std::string_view text)
      : size_(text.size()), text_(std::make_unique<char[]>(text.size())) {
    std::ranges::copy(text, text_.get());
  }
  [[nodiscard]] SdkValue value() const { return sdk_json_parse(text_.get(), size_); }
  [[nodiscard]] SdkValue operator[](const char* name) const {
    return sdk_json_member(value(), name);
  }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> text_;
};

std::string text_of(SdkValue value) { return {value.at, value.end}; }

std::vector<std::string> items_of(SdkValue array) {
  std::vector<std::string> items;
  SdkValue rest = sdk_json_items(array);
  for (SdkValue item; sdk_json_next(&rest, &item);) items.push_back(text_of(item));
  return items;
}

template <class T>
std::optional<T> read(bool (*reader)(SdkValue, T*), std::string_view text) {
  const Document document(text);
  T found{};
  if (!reader(document.value(), &found)) return std::nullopt;
  return found;
}

TEST(SdkValue, WalksRowsAndMembers) {
  const Document result(
      R"( {"rows" : [ {"id":1, "title":"a\"]"} , {"id":2,"title":null} ],"count":2} )");
  const SdkValue rows = result["rows"];
  EXPECT_EQ(items_of(rows),
            (std::vector<std::string>{R"({"id":1, "title":"a\"]"})", R"({"id":2,"title":null})"}));
  SdkValue rest = sdk_json_items(rows);
  SdkValue row;
  ASSERT_TRUE(sdk_json_next(&rest, &row));
  EXPECT_EQ(text_of(sdk_json_member(row, "id")), "1");
  EXPECT_FALSE(sdk_json_is_null(sdk_json_member(row, "title")));
  ASSERT_TRUE(sdk_json_next(&rest, &row));
  EXPECT_TRUE(sdk_json_is_null(sdk_json_member(row, "title")));
  EXPECT_FALSE(sdk_json_next(&rest, &row));
}

TEST(SdkValue, ItemsOfAnyKind) {
  EXPECT_EQ(items_of(Document(R"([1,[2,[3]] , {"a":[4]},"]",true,null])").value()),
            (std::vector<std::string>{"1", "[2,[3]]", R"({"a":[4]})", "\"]\"", "true", "null"}));
  for (const char* none : {"[]", "[ ]", "{}", "1", "\"[1]\"", "null"}) {
    EXPECT_TRUE(items_of(Document(none).value()).empty()) << none;
  }
}

TEST(SdkValue, WhatIsAbsentIsNothing) {
  const Document object(R"({"a":{"b":1}})");
  bool yes = false;
  std::int64_t number = 0;
  double real = 0;
  for (const SdkValue none : {object["b"], sdk_json_member(object["b"], "c"),
                              sdk_json_member(Document("[]").value(), "a"), SdkValue{}}) {
    EXPECT_EQ(none.at, nullptr);
    EXPECT_FALSE(sdk_json_is_null(none) || sdk_json_bool(none, &yes) ||
                 sdk_json_int64(none, &number) || sdk_json_double(none, &real));
    EXPECT_EQ(sdk_json_new_text(none, nullptr), nullptr);
    EXPECT_TRUE(items_of(none).empty());
  }
  EXPECT_EQ(Document("{\"a\":1").value().at, nullptr);
  EXPECT_EQ(text_of(sdk_json_member(object["a"], "b")), "1");
}

TEST(SdkValue, Int64) {
  EXPECT_EQ(read(sdk_json_int64, "0"), 0);
  EXPECT_EQ(read(sdk_json_int64, "-0"), 0);
  EXPECT_EQ(read(sdk_json_int64, "9223372036854775807"), INT64_MAX);
  EXPECT_EQ(read(sdk_json_int64, "-9223372036854775808"), INT64_MIN);
  for (const char* none : {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
                           "99999999999999999999999", "1.0", "1e2", "\"1\"", "true", "null"}) {
    EXPECT_EQ(read(sdk_json_int64, none), std::nullopt) << none;
  }
}

TEST(SdkValue, Doubles) {
  EXPECT_EQ(read(sdk_json_double, "-1.5e3"), -1500.0);
  EXPECT_EQ(read(sdk_json_double, "0.1"), 0.1);
  EXPECT_EQ(read(sdk_json_double, "7"), 7.0);
  EXPECT_EQ(read(sdk_json_double, "0." + std::string(400, '0') + "1e401"), 1.0);
  EXPECT_EQ(read(sdk_json_double, "\"1\""), std::nullopt);
  EXPECT_EQ(read(sdk_json_double, "null"), std::nullopt);
}

TEST(SdkValue, Booleans) {
  EXPECT_EQ(read(sdk_json_bool, "true"), true);
  EXPECT_EQ(read(sdk_json_bool, "false"), false);
  EXPECT_EQ(read(sdk_json_bool, "1"), std::nullopt);
  EXPECT_EQ(read(sdk_json_bool, "\"t\""), std::nullopt);
}

TEST(SdkValue, TextsAreAllocated) {
  const auto text_in = [](std::string_view json) -> std::optional<std::string> {
    const Document document(json);
    std::size_t length = 0;
    const std::unique_ptr<char, decltype(&std::free)> found(
        sdk_json_new_text(document.value(), &length), &std::free);
    if (found == nullptr) return std::nullopt;
    EXPECT_EQ(found.get()[length], '\0');
    return std::string(found.get(), length);
  };
  EXPECT_EQ(text_in(R"("")"), "");
  EXPECT_EQ(text_in(R"("a\u00e4\"b")"), "aä\"b");
  EXPECT_EQ(text_in("7"), std::nullopt);
}

}  // namespace
