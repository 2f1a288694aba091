#include "catalog/trigger.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "catalog/identifier.h"

// detail of a table trigger: operation {"," operation}, each operation once
//   operation = ("insert" | "update" | "delete") ["(" column {"," column} ")"]
namespace catalog {
namespace {

constexpr std::array<std::string_view, 4> kKinds{"http", "table", "cron", "webhook"};
constexpr std::array<std::string_view, 3> kOperations{"insert", "update", "delete"};
// PostgreSQL cuts longer names; a trigger on the cut name would never fire.
constexpr std::size_t kMaxIdentifier = 63;
constexpr std::size_t kMaxText = 1024;

constexpr std::string_view kWith = " with ";
constexpr std::string_view kWhen = " when ";

// What stands around the two words; options hold no blanks, so that the first `when` is the one.
struct Parts {
  std::string_view head;
  std::optional<std::string_view> options;
  std::optional<std::string_view> condition;
};

Parts parts_of(std::string_view text) {
  Parts parts;
  if (const auto when = text.find(kWhen); when != std::string_view::npos) {
    parts.condition = text.substr(when + kWhen.size());
    text = text.substr(0, when);
  }
  if (const auto with = text.find(kWith); with != std::string_view::npos) {
    parts.options = text.substr(with + kWith.size());
    text = text.substr(0, with);
  }
  parts.head = text;
  return parts;
}

bool is_short_identifier(std::string_view text) {
  return text.size() <= kMaxIdentifier && is_identifier(text);
}

std::unexpected<base::Error> misread(std::string_view text, std::string_view what) {
  return base::fail(base::Code::kInvalidArgument,
                    fmt::format("the trigger \"{}\" {}", text.substr(0, 128), what));
}

// Takes the text before `separator` (all when there is none) off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const auto at = rest.find(separator);
  const std::string_view taken = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return taken;
}

bool are_columns(std::string_view list) {
  if (list.empty() || list.ends_with(',')) return false;
  while (!list.empty()) {
    if (!is_short_identifier(take(list, ','))) return false;
  }
  return true;
}

// Takes one operation with its columns off the front of `rest`; its place in kOperations, else
// their number.
std::size_t take_operation(std::string_view& rest) {
  for (std::size_t i = 0; i < kOperations.size(); ++i) {
    if (!rest.starts_with(kOperations[i])) continue;
    rest.remove_prefix(kOperations[i].size());
    if (!rest.starts_with('(')) return i;
    rest.remove_prefix(1);
    const auto close = rest.find(')');
    if (close == std::string_view::npos || !are_columns(rest.substr(0, close))) break;
    rest.remove_prefix(close + 1);
    return i;
  }
  return kOperations.size();
}

bool are_operations(std::string_view rest) {
  std::array<bool, kOperations.size()> seen{};
  while (true) {
    const std::size_t operation = take_operation(rest);
    if (operation == kOperations.size() || std::exchange(seen[operation], true)) return false;
    if (rest.empty()) return true;
    if (!rest.starts_with(',')) return false;
    rest.remove_prefix(1);
  }
}

base::Result<Trigger> parse_table(std::string_view text, std::string_view rest) {
  const std::string_view table = take(rest, ':');
  if (!is_short_identifier(table))
    return misread(text, "has no table name: write table:users:insert");
  if (!are_operations(rest)) {
    return misread(
        text,
        "needs operations after the table, each once: insert, update or delete, with columns "
        "in parentheses if you like, as in table:users:insert,update(name,email)");
  }
  return Trigger{TriggerKind::kTable, std::string(table), std::string(rest)};
}

base::Result<Trigger> parse_cron(std::string_view text, std::string_view pattern) {
  const bool blank = pattern.find_first_not_of(' ') == std::string_view::npos;
  const bool printable = std::ranges::all_of(pattern, [](char c) { return c >= ' ' && c <= '~'; });
  if (blank || !printable) return misread(text, "has no cron pattern: write cron:*/5 * * * *");
  return Trigger{TriggerKind::kCron, std::string(pattern), ""};
}

base::Result<Trigger> parse_webhook(std::string_view text, std::string_view secret) {
  if (!is_identifier(secret)) {
    return misread(text, "does not name its secret: write webhook:SECRET_NAME");
  }
  return Trigger{TriggerKind::kWebhook, std::string(secret), ""};
}

}  // namespace

std::string_view name_of(TriggerKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

base::Result<Trigger> Trigger::parse(std::string_view text) {
  if (text.size() > kMaxText) return misread(text, "is longer than 1024 bytes");
  if (text == "http") return Trigger{};
  const Parts parts = parts_of(text);
  std::string_view rest = parts.head;
  const std::string_view kind = take(rest, ':');
  if (kind == "webhook") {
    std::string_view whole = text;
    take(whole, ':');
    return parse_webhook(text, whole);
  }
  if (kind != "table" && kind != "cron") {
    return misread(text, "is of no known kind: write http, table:… or cron:…");
  }
  const bool cron = kind == "cron";
  auto trigger = cron ? parse_cron(text, rest) : parse_table(text, rest);
  if (!trigger) return trigger;
  if (parts.options) {
    auto options = TriggerOptions::parse(*parts.options, cron);
    if (!options) return misread(text, options.error().message);
    trigger->options = *options;
  }
  if (!parts.condition) return trigger;
  if (cron) return misread(text, "has a condition: only a table's triggers can have one");
  if (parts.condition->empty()) return misread(text, "has nothing behind `when`");
  trigger->condition = *parts.condition;
  return trigger;
}

std::string Trigger::head() const {
  std::string text(name_of(kind));
  if (!subject.empty()) text.append(":").append(subject);
  if (!detail.empty()) text.append(":").append(detail);
  return text;
}

std::string Trigger::text() const {
  std::string text = head();
  if (const std::string with = options.text(); !with.empty()) text.append(kWith).append(with);
  if (!condition.empty()) text.append(kWhen).append(condition);
  return text;
}

}  // namespace catalog
