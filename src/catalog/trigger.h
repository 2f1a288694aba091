// What makes a function run, as users write it: `http`, `table:users:insert`, `cron:* * * * *`,
// `webhook:SECRET_NAME`. A value.
//
//   trigger = "http" | "table:" table ":" operations | "cron:" pattern | "webhook:" secret
//
// Every kind is stored and indexed from the start; whether a kind can fire yet is the server's to
// say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace catalog {

enum class TriggerKind { kHttp, kTable, kCron, kWebhook };

std::string_view name_of(TriggerKind kind);  // http | table | cron | webhook

struct Trigger {
  TriggerKind kind = TriggerKind::kHttp;
  // What within the kind: the table's name, the cron pattern, the secret's name; empty for http.
  std::string subject;
  std::string detail;  // table: the operations, as written

  bool operator==(const Trigger&) const = default;

  static base::Result<Trigger> parse(std::string_view text);  // kInvalidArgument
  [[nodiscard]] std::string text() const;                     // what parse reads
};

}  // namespace catalog
