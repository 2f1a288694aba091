// What makes a function run, as users write it: `http`, `table:users:insert`, `cron:* * * * *`,
// `webhook:SECRET_NAME`. A value.
//
//   trigger = "http" | "webhook:" secret | "cron:" pattern [" with " options]
//           | "table:" table ":" operations [" with " options] [" when " condition]
//
// The condition is kept as it is written: the room triggers reads it, against the table.
// Every kind is stored and indexed from the start; whether a kind can fire yet is the server's to
// say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "catalog/trigger_options.h"

namespace catalog {

enum class TriggerKind { kHttp, kTable, kCron, kWebhook };

std::string_view name_of(TriggerKind kind);  // http | table | cron | webhook

struct Trigger {
  TriggerKind kind = TriggerKind::kHttp;
  // What within the kind: the table's name, the cron pattern, the secret's name; empty for http.
  std::string subject;
  std::string detail;          // table: the operations, as written
  std::string condition = {};  // table: on `old` and `new`; empty: always
  TriggerOptions options = {};

  bool operator==(const Trigger&) const = default;

  static base::Result<Trigger> parse(std::string_view text);  // kInvalidArgument
  [[nodiscard]] std::string text() const;                     // what parse reads
  // The text without options and condition: no function has two triggers of one head.
  [[nodiscard]] std::string head() const;
};

}  // namespace catalog
