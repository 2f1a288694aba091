#include <string>

#include <gtest/gtest.h>

#include "cli/test_commands.h"

namespace cli {
namespace {

class FunctionsCommand : public TestCommands {
 protected:
  static constexpr auto kFaulty =
      R"({"name":"hook","config":{"triggers":["table:gone:insert"]},)"
      R"("faults":[{"trigger":"table:gone:insert","reason":"there is no table gone"}]})";
};

TEST_F(FunctionsCommand, ListTellsOfTriggersThatDoNotFire) {
  server_.answer("GET /admin/v1/functions", 200,
                 std::string(R"({"functions":[{"name":"sound"},)") + kFaulty + "]}");
  ASSERT_EQ(run({"list"}), ExitCode::kOk);
  EXPECT_EQ(err_,
            "hook: its trigger `table:gone:insert` does not fire as it is written: there is no "
            "table gone\n");
  ASSERT_EQ(run({"list", "--json"}), ExitCode::kOk);
  EXPECT_EQ(err_, "");
}

TEST_F(FunctionsCommand, GetTellsOfTriggersThatDoNotFire) {
  server_.answer("GET /admin/v1/functions/hook", 200, kFaulty);
  server_.answer("GET /admin/v1/functions/hook/versions", 200, R"({"versions":[]})");
  ASSERT_EQ(run({"get", "hook"}), ExitCode::kOk) << err_;
  EXPECT_NE(out_.find("fault          `table:gone:insert`: there is no table gone\n"),
            std::string::npos)
      << out_;
}

}  // namespace
}  // namespace cli
