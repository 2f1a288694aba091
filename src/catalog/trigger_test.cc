#include "catalog/trigger.h"

#include <gtest/gtest.h>

#include "catalog/identifier.h"

namespace {

using catalog::Trigger;
using catalog::TriggerKind;

TEST(Trigger, ReadsEveryKindAndWritesItBack) {
  const auto same = [](std::string_view text, const Trigger& expected) {
    const auto trigger = Trigger::parse(text);
    ASSERT_TRUE(trigger) << trigger.error().message;
    EXPECT_EQ(*trigger, expected) << text;
    EXPECT_EQ(trigger->text(), text);
  };
  same("http", {TriggerKind::kHttp, "", ""});
  same("table:users:insert", {TriggerKind::kTable, "users", "insert"});
  same("table:_t1:insert,update,delete", {TriggerKind::kTable, "_t1", "insert,update,delete"});
  same("table:u:update(name,e_mail),delete",
       {TriggerKind::kTable, "u", "update(name,e_mail),delete"});
  same("cron:* * * * *", {TriggerKind::kCron, "* * * * *", ""});
  same("cron:@hourly", {TriggerKind::kCron, "@hourly", ""});
  same("webhook:STRIPE_SECRET", {TriggerKind::kWebhook, "STRIPE_SECRET", ""});
}

TEST(Trigger, HasOptionsAndACondition) {
  const std::string text =
      "table:users:insert,update(email) with attempts=3,backoff=1500ms,max_backoff=60s,"
      "run_as=anon,format=supabase,delivery=transactional when new.a = ' with x' or old.b when 1";
  const auto trigger = Trigger::parse(text);
  ASSERT_TRUE(trigger) << trigger.error().message;
  EXPECT_EQ(trigger->text(), text);
  EXPECT_EQ(trigger->head(), "table:users:insert,update(email)");
  EXPECT_EQ(trigger->condition, "new.a = ' with x' or old.b when 1");
  EXPECT_EQ(trigger->options.attempts, 3);
  EXPECT_EQ(trigger->options.backoff, std::chrono::milliseconds(1500));
  EXPECT_EQ(trigger->options.run_as, auth::Role::kAnon);
  EXPECT_EQ(trigger->options.format, catalog::EventFormat::kSupabase);
  EXPECT_TRUE(trigger->options.transactional);
  const auto cron = Trigger::parse("cron:0 3 * * * Europe/Berlin with overlap=forbid,missed=all");
  ASSERT_TRUE(cron) << cron.error().message;
  EXPECT_EQ(cron->subject, "0 3 * * * Europe/Berlin");
  EXPECT_EQ(cron->text(), "cron:0 3 * * * Europe/Berlin with missed=all,overlap=forbid");
  EXPECT_EQ(Trigger::parse("table:u:insert with attempts=5")->text(), "table:u:insert");
}

TEST(Trigger, RefusesOtherOptions) {
  for (const auto& [options, message] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "has no option behind `with`"},
           {"attempts", "has the option attempts without a value"},
           {"attempts=0", "from 1 to 100"},
           {"attempts=101", "from 1 to 100"},
           {"attempts=3x", "from 1 to 100"},
           {"attempts=3,attempts=3", "has the option attempts twice"},
           {"backoff=0s", "a duration from 1ms"},
           {"backoff=2h", "no less than backoff"},
           {"max_backoff=1000h", "a duration from 1ms"},
           {"run_as=root", "anon, authenticated or service_role"},
           {"format=xml", "roost or supabase or cloudevents"},
           {"delivery=once", "at_least_once or transactional"},
           {"missed=all", "has the option missed, which a table's triggers do not have: there are"},
           {"attempts=3, backoff=1s", "there are attempts"},
           {"retries=1", "has the option retries, which no trigger has: there are attempts"}}) {
    const auto trigger = Trigger::parse(std::string("table:u:insert with ") + options);
    ASSERT_FALSE(trigger) << options;
    EXPECT_NE(trigger.error().message.find(message), std::string::npos) << trigger.error().message;
  }
  EXPECT_FALSE(Trigger::parse("cron:* * * * * with missed=never"));
  EXPECT_FALSE(Trigger::parse("cron:* * * * * when 1"));
  EXPECT_FALSE(Trigger::parse("table:u:insert when "));
  EXPECT_FALSE(Trigger::parse("webhook:S with attempts=1"));
}

TEST(Trigger, RefusesOtherText) {
  const std::string long_table = "table:" + std::string(64, 't') + ":insert";
  for (const std::string& text : {
           std::string(),
           std::string("HTTP"),
           std::string("http:"),
           std::string("http "),
           std::string("table"),
           std::string("table:"),
           std::string("table::insert"),
           std::string("table:users"),
           std::string("table:users:"),
           std::string("table:1users:insert"),
           std::string("table:us ers:insert"),
           std::string("table:users;drop:insert"),
           long_table,
           std::string("table:users:select"),
           std::string("table:users:Insert"),
           std::string("table:users:insert,"),
           std::string("table:users:,insert"),
           std::string("table:users:insert update"),
           std::string("table:users:insert,insert"),
           std::string("table:users:insertupdate"),
           std::string("table:users:update()"),
           std::string("table:users:update(a"),
           std::string("table:users:update(a,)"),
           std::string("table:users:update(,a)"),
           std::string("table:users:update(a b)"),
           std::string("table:users:update(a)x"),
           std::string("table:users:update(a)(b)"),
           std::string("cron"),
           std::string("cron:"),
           std::string("cron:   "),
           std::string("cron:* *\n* * *"),
           std::string("cron:*\0", 7),
           std::string("webhook:"),
           std::string("webhook:MY-SECRET"),
           std::string("webhook:1"),
           std::string("queue:x"),
           "cron:" + std::string(2000, '*'),
       }) {
    const auto trigger = Trigger::parse(text);
    ASSERT_FALSE(trigger) << text;
    EXPECT_EQ(trigger.error().code, base::Code::kInvalidArgument);
    EXPECT_LT(trigger.error().message.size(), 400U);
  }
}

TEST(Trigger, ErrorsSayWhatToWrite) {
  EXPECT_EQ(Trigger::parse("cron:").error().message,
            "the trigger \"cron:\" has no cron pattern: write cron:*/5 * * * *");
  EXPECT_EQ(Trigger::parse("ftp").error().message,
            "the trigger \"ftp\" is of no known kind: write http, table:… or cron:…");
  EXPECT_EQ(Trigger::parse("cron:@daily with missed=foo").error().message,
            "the trigger \"cron:@daily with missed=foo\" has the option missed=foo: write skip or "
            "once or all");
  EXPECT_EQ(Trigger::parse("cron:@daily with tries").error().message,
            "the trigger \"cron:@daily with tries\" has the option tries without a value: write "
            "name=value, as in `with attempts=3,backoff=10s`");
}

TEST(Trigger, IdentifiersAreAsciiWhateverTheLocale) {
  EXPECT_TRUE(catalog::is_identifier("_aZ09"));
  for (const char* text : {"", "0a", "a-b", "a.b", "é", "a b", "a\n"}) {
    EXPECT_FALSE(catalog::is_identifier(text)) << text;
  }
}

}  // namespace
