// The subcommands against a server that is made up: what they send, print and return.
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "auth/token.h"
#include "cli/table.h"
#include "cli/test_commands.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kHello =
    R"({"name":"hello","enabled":true,"version":2,"module_sha256":"0123456789abcdef","module_bytes":2048,)"
    R"("created_at":"2026-01-31T12:00:00.000Z","config":{"name":"hello","verify_jwt":true,)"
    R"("timeout":"2s","memory":"64MiB","env":{"A_KEY":"***REDACTED***"},"triggers":["http"]}})";
constexpr std::string_view kVersions =
    R"({"versions":[{"version":1,"created_at":"a","module_bytes":1,"module_sha256":"aa"},)"
    R"({"version":2,"created_at":"b","module_bytes":2,"module_sha256":"bb"},)"
    R"({"version":3,"created_at":"c","module_bytes":3,"module_sha256":"cc"}]})";
constexpr std::string_view kNotFound =
    R"({"error":"Not found","message":"there is no function 'hello'","code":"NOT_FOUND"})";
const std::string kFunction = "/admin/v1/functions/hello";

class Commands : public TestCommands {
 protected:
  Commands() { write("hello.wasm", std::string("\0asm the module", 15)); }

  std::string module() { return (folder_ / "hello.wasm").string(); }

  // The `config` part of the last request.
  json::object sent_config() {
    const std::string body = server_.asked().back().body;
    const std::size_t begin = body.find("application/json\r\n\r\n") + 20;
    return json::parse(body.substr(begin, body.find("\r\n--", begin) - begin)).as_object();
  }
  void let_deploy(bool exists) {
    server_.answer("GET " + kFunction, exists ? 200 : 404, exists ? kHello : kNotFound);
    server_.answer("PUT " + kFunction, 200, kHello);
    server_.answer("POST /admin/v1/functions", 201, kHello);
  }
};

TEST_F(Commands, DeployCreatesWhatIsNotThere) {
  let_deploy(false);
  EXPECT_EQ(run({"deploy", module()}), ExitCode::kOk) << err_;
  EXPECT_EQ(server_.lines(), (Words{"GET " + kFunction, "POST /admin/v1/functions"}));
  EXPECT_EQ(out_, "hello: version 2 deployed (2 KiB, sha256 0123456789ab)\n  " + server_.url() +
                      "/functions/v1/hello\n");
  const Asked upload = server_.asked().back();
  EXPECT_NE(upload.head.find("authorization: Bearer service-key"), std::string::npos);
  EXPECT_NE(upload.head.find("multipart/form-data; boundary=roost-"), std::string::npos);
  EXPECT_NE(upload.body.find(std::string("\r\n\r\n\0asm the module\r\n--", 23)), std::string::npos);
  // Without a flag or a manifest the server decides: above all whether callers need a token.
  EXPECT_EQ(json::serialize(sent_config()), R"({"name":"hello"})");
}

TEST_F(Commands, DeployMakesTheNextVersionOfWhatIsThere) {
  let_deploy(true);
  EXPECT_EQ(run({"deploy", module(), "--json"}), ExitCode::kOk) << err_;
  EXPECT_EQ(server_.lines(), (Words{"GET " + kFunction, "PUT " + kFunction}));
  EXPECT_EQ(out_, std::string(kHello) + "\n");
}

TEST_F(Commands, DeployCreateDoesNotAskWhetherItIsThere) {
  server_.answer("POST /admin/v1/functions", 409,
                 R"({"message":"the name 'hello' is taken","code":"ALREADY_EXISTS"})");
  expect_exit(ExitCode::kFailed, {"deploy", module(), "--create"},
              "roost: the name 'hello' is taken [ALREADY_EXISTS]\n");
  EXPECT_EQ(server_.lines(), Words{"POST /admin/v1/functions"});
}

TEST_F(Commands, DeployFlagsBecomeConfig) {
  let_deploy(true);
  ASSERT_EQ(run({"deploy",          module(),
                 "--name",          "hello",
                 "--timeout",       "2s",
                 "--cpu",           "1s",
                 "--memory",        "64MiB",
                 "--max-response",  "1KiB",
                 "--max-log",       "0",
                 "--concurrency",   "7",
                 "--env",           "A=b=c",
                 "--env",           "D=",
                 "--no-verify-jwt", "--service-role",
                 "--trigger",       "http",
                 "--trigger",       "cron:* * * * *"}),
            ExitCode::kOk)
      << err_;
  EXPECT_EQ(json::value(sent_config()), json::parse(R"({
    "name": "hello", "timeout": "2s", "cpu": "1s", "memory": "64MiB", "max_response": "1KiB",
    "max_log": "0", "concurrency": 7, "verify_jwt": false, "service_role": true,
    "env": {"A": "b=c", "D": ""},
    "triggers": ["http", "cron:* * * * *"]})"));
}

TEST_F(Commands, DeployFlagsWinOverTheManifest) {
  let_deploy(true);
  const std::string manifest =
      write("f/function.toml",
            "name='hello'\nmodule='m.wasm'\nverify_jwt=false\nservice_role=true\n"
            "limits.timeout='2s'\nenv.A='1'\nenv.B='2'\ntriggers=['http']\n");
  write("f/m.wasm", "m");
  const std::string folder = std::filesystem::path(manifest).parent_path().string();
  ASSERT_EQ(run({"deploy", folder}), ExitCode::kOk) << err_;
  EXPECT_EQ(sent_config().at("verify_jwt"), false);
  ASSERT_EQ(run({"deploy", folder, "--timeout", "3s", "--env", "B=3", "--verify-jwt",
                 "--no-service-role", "--trigger", "webhook:S", "--module", module()}),
            ExitCode::kOk)
      << err_;
  EXPECT_EQ(json::value(sent_config()), json::parse(R"({
    "name": "hello", "timeout": "3s", "verify_jwt": true, "service_role": false,
    "env": {"A": "1", "B": "3"}, "triggers": ["webhook:S"]})"));
  EXPECT_NE(server_.asked().back().body.find("asm the module"), std::string::npos);
}

TEST_F(Commands, DeployWithoutHttpHasNoUrl) {
  server_.answer("POST /admin/v1/functions", 201,
                 R"({"name":"hello","version":1,"config":{"triggers":["cron:* * * * *"]}})");
  ASSERT_EQ(run({"deploy", module(), "--create"}), ExitCode::kOk);
  EXPECT_EQ(out_,
            "hello: version 1 deployed (-, sha256 -)\n"
            "  run by its triggers only; with `--trigger http` as well it can be called\n");
}

TEST_F(Commands, DeployRefusesWhatItCannotSend) {
  expect_exit(ExitCode::kUsage, {"deploy", "/nowhere/x.wasm"},
              "there is no module /nowhere/x.wasm");
  expect_exit(ExitCode::kUsage, {"deploy", module() + "/.."}, "is not a function's name");
  expect_exit(ExitCode::kUsage, {"deploy", std::filesystem::path(module()).parent_path().string()},
              "there is no function.toml in");
  expect_exit(ExitCode::kUsage, {"deploy", module(), "--name", "Hello"},
              "is not a function's name");
  expect_exit(ExitCode::kUsage, {"deploy", module(), "--name", "a/../b"},
              "is not a function's name");
  expect_exit(ExitCode::kUsage, {"deploy", module(), "--env", "A"}, "--env A: write NAME=VALUE");
  expect_exit(ExitCode::kUsage, {"deploy", module(), "--env", "=b"}, "write NAME=VALUE");
  expect_exit(ExitCode::kFailed, {"deploy", module(), "--module", write("empty.wasm", "")},
              "is empty");
  expect_exit(ExitCode::kUsage, {"deploy", module(), "--verify-jwt", "--no-verify-jwt"},
              "excludes");
  const std::string bad = write("bad/function.toml", "nam='x'");
  expect_exit(ExitCode::kUsage, {"deploy", std::filesystem::path(bad).parent_path().string()},
              "did you mean name?");
  EXPECT_TRUE(server_.lines().empty());
}

TEST_F(Commands, ErrorsOfTheServerAreTold) {
  server_.answer("GET /admin/v1/functions", 401,
                 R"({"message":"no token","code":"NO_CREDENTIAL"})");
  expect_exit(ExitCode::kFailed, {"list"}, "roost: no token [NO_CREDENTIAL]; set ROOST_KEY to the");
  server_.answer("GET /admin/v1/functions", 403, R"({"message":"no","code":"FORBIDDEN"})");
  run({"list"});
  expect_exit(ExitCode::kFailed, {"list"}, "no [FORBIDDEN]; ROOST_KEY must be a service_role key");
  server_.answer("GET /admin/v1/logs?limit=50", 200, "not json");
  expect_exit(ExitCode::kFailed, {"logs"}, "is it the admin address of a roost?");
  server_.answer("GET " + kFunction, 500, "nothing of ours");
  expect_exit(ExitCode::kFailed, {"deploy", module()}, "answered 500 without a reason");
}

TEST_F(Commands, NobodyThereIsAnExitCodeOfItsOwn) {
  environment_["ROOST_ADMIN_URL"] = environment_["ROOST_URL"] = "http://127.0.0.1:1";
  const std::string words = "cannot reach http://127.0.0.1:1 (connection refused)";
  expect_exit(ExitCode::kUnreachable, {"list"}, words);
  expect_exit(ExitCode::kUnreachable, {"deploy", module()}, words);
  expect_exit(ExitCode::kUnreachable, {"invoke", "hello"}, words);
  expect_exit(ExitCode::kUnreachable, {"logs", "-f"}, words);
  expect_exit(ExitCode::kUnreachable, {"delete", "hello"}, words);
}

TEST_F(Commands, ListIsATable) {
  server_.answer("GET /admin/v1/functions", 200,
                 R"({"functions":[)" + std::string(kHello) +
                     R"(,{"name":"a-longer-name","enabled":false,"version":10}]})");
  ASSERT_EQ(run({"list"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_,
            "NAME           VERSION  ENABLED  TIMEOUT  MEMORY  SIZE   TRIGGERS\n"
            "hello          2        yes      2s       64MiB   2 KiB  http\n"
            "a-longer-name  10       no       -        -       -      -\n");
  ASSERT_EQ(run({"list", "--json"}), ExitCode::kOk);
  EXPECT_EQ(json::parse(out_).as_array().size(), 2U);
}

TEST_F(Commands, ListOfNothingSaysWhatToDo) {
  server_.answer("GET /admin/v1/functions", 200, R"({"functions":[]})");
  EXPECT_EQ(run({"list"}), ExitCode::kOk);
  EXPECT_EQ(out_, "");
  EXPECT_NE(err_.find("roost deploy"), std::string::npos);
  run({"list", "--json"});
  EXPECT_EQ(out_, "[]\n");
}

TEST_F(Commands, GetShowsConfigAndVersions) {
  server_.answer("GET " + kFunction, 200, kHello);
  server_.answer("GET " + kFunction + "/versions", 200, kVersions);
  ASSERT_EQ(run({"get", "hello"}), ExitCode::kOk) << err_;
  for (const char* line :
       {"name           hello\n", "verify_jwt     yes\n", "cpu            -\n",
        "env            A_KEY=***REDACTED***\n", "triggers       http\n",
        "VERSION  CREATED  SIZE  SHA256  \n", "2        b        2 B   bb      runs\n"}) {
    EXPECT_NE(out_.find(line), std::string::npos) << line << out_;
  }
  ASSERT_EQ(run({"get", "hello", "--json"}), ExitCode::kOk);
  EXPECT_EQ(json::parse(out_).at("versions").as_array().size(), 3U);
}

TEST_F(Commands, GetOfWhatIsNotThereFails) {
  server_.answer("GET " + kFunction, 404, kNotFound);
  expect_exit(ExitCode::kFailed, {"get", "hello"},
              "roost: there is no function 'hello' [NOT_FOUND]\n");
  expect_exit(ExitCode::kUsage, {"get", "Bad Name"}, "is not a function's name");
  server_.answer("GET /admin/v1/functions/other", 200, kHello);
  server_.answer("GET /admin/v1/functions/other/versions", 404, kNotFound);
  expect_exit(ExitCode::kFailed, {"get", "other"}, "NOT_FOUND");
}

TEST_F(Commands, DeleteEnableAndDisable) {
  server_.answer_raw("DELETE " + kFunction, "HTTP/1.1 204 No Content\r\n\r\n");
  server_.answer("PATCH " + kFunction, 200, kHello);
  expect_exit(ExitCode::kOk, {"delete", "hello"}, "hello: deleted with all its versions\n");
  expect_exit(ExitCode::kOk, {"delete", "hello", "--json"}, "{\"deleted\":\"hello\"}\n");
  expect_exit(ExitCode::kOk, {"disable", "hello"}, "hello: disabled: calls are answered 404\n");
  EXPECT_EQ(server_.asked().back().body, R"({"enabled":false})");
  expect_exit(ExitCode::kOk, {"enable", "hello"}, "hello: enabled\n");
  EXPECT_EQ(server_.asked().back().body, R"({"enabled":true})");
  expect_exit(ExitCode::kOk, {"enable", "hello", "--json"}, kHello);
  for (const char* command : {"delete", "enable", "disable", "rollback"}) {
    expect_exit(ExitCode::kUsage, {command, "../x"}, "is not a function's name");
  }
}

TEST_F(Commands, RollbackTakesTheVersionBefore) {
  server_.answer("GET " + kFunction, 200, kHello);
  server_.answer("GET " + kFunction + "/versions", 200, kVersions);
  server_.answer("POST " + kFunction + "/rollback", 200, kHello);
  expect_exit(ExitCode::kOk, {"rollback", "hello"}, "hello: version 1 runs\n");
  EXPECT_EQ(server_.asked().back().body, R"({"version":1})");
  expect_exit(ExitCode::kOk, {"rollback", "hello", "3"}, "hello: version 3 runs\n");
  EXPECT_EQ(server_.asked().back().body, R"({"version":3})");
  EXPECT_EQ(run({"rollback", "hello", "0"}), ExitCode::kUsage);
}

// A canary that was refused has a number, and never ran.
TEST_F(Commands, RollbackGoesBackToWhatRan) {
  server_.answer("GET " + kFunction, 200, R"({"name":"hello","version":3,"previous_version":1})");
  server_.answer("POST " + kFunction + "/rollback", 200, kHello);
  expect_exit(ExitCode::kOk, {"rollback", "hello"}, "hello: version 1 runs\n");
}

TEST_F(Commands, RollbackOfTheFirstVersionFails) {
  server_.answer("GET " + kFunction, 200, R"({"name":"hello","version":1})");
  server_.answer("GET " + kFunction + "/versions", 200, kVersions);
  expect_exit(ExitCode::kFailed, {"rollback", "hello"}, "there is none before it");
  server_.answer("GET /admin/v1/functions/x", 404, kNotFound);
  expect_exit(ExitCode::kFailed, {"rollback", "x"}, "NOT_FOUND");
  server_.answer("GET /admin/v1/functions/y", 200, kHello);
  server_.answer("GET /admin/v1/functions/y/versions", 404, kNotFound);
  expect_exit(ExitCode::kFailed, {"rollback", "y"}, "NOT_FOUND");
  server_.answer("POST " + kFunction + "/rollback", 404, kNotFound);
  expect_exit(ExitCode::kFailed, {"rollback", "hello", "9"}, "NOT_FOUND");
}

TEST_F(Commands, CanaryShowsSetsPromotesAndEnds) {
  const std::string with_canary =
      R"({"name":"hello","version":1,"canary":{"version":2,"percent":10,"header":"x-try"}})";
  server_.answer("GET " + kFunction, 200, with_canary);
  server_.answer("PUT " + kFunction + "/canary", 200, with_canary);
  server_.answer("DELETE " + kFunction + "/canary", 200, kHello);
  server_.answer("POST " + kFunction + "/rollback", 200, kHello);
  expect_exit(
      ExitCode::kOk, {"canary", "hello"},
      "hello: version 1 runs; its canary, version 2, gets 10 % of the calls, and those with "
      "`x-try`\n");
  expect_exit(ExitCode::kOk, {"canary", "hello", "--percent", "50"}, "its canary, version 2");
  EXPECT_EQ(server_.asked().back().body, R"({"version":2,"percent":50,"header":"x-try"})");
  expect_exit(ExitCode::kOk, {"canary", "hello", "3", "--header", "a: b"}, "its canary");
  EXPECT_EQ(server_.asked().back().body, R"({"version":3,"percent":10,"header":"a: b"})");
  expect_exit(ExitCode::kOk, {"canary", "hello", "--promote"}, "without a canary\n");
  EXPECT_EQ(server_.asked().back().body, R"({"version":2})");
  expect_exit(ExitCode::kOk, {"canary", "hello", "--off"}, "without a canary\n");
  expect_exit(ExitCode::kOk, {"canary", "hello", "--json"}, "\"canary\":{\"version\":2");
}

TEST_F(Commands, CanaryOfAFunctionWithoutOneHasToBeNamed) {
  server_.answer("GET " + kFunction, 200, kHello);
  expect_exit(ExitCode::kFailed, {"canary", "hello", "--promote"}, "hello has no canary");
  expect_exit(ExitCode::kUsage, {"canary", "hello", "--percent", "5"}, "name the version");
  EXPECT_EQ(run({"canary", "hello", "--off", "--promote"}), ExitCode::kUsage);
  EXPECT_EQ(run({"canary", "hello", "--percent", "101"}), ExitCode::kUsage);
  EXPECT_EQ(run({"canary", "hello", "2", "--off"}), ExitCode::kUsage);
}

TEST_F(Commands, DeploysACanary) {
  server_.answer("PUT " + kFunction + "?canary=10&canary_header=x-try%3A%20yes", 200,
                 R"({"name":"hello","version":1,"canary":{"version":2}})");
  expect_exit(ExitCode::kOk,
              {"deploy", module(), "--canary", "10", "--canary-header", "x-try: yes"},
              "hello: version 2 deployed as the canary, version 1 runs\n");
}

TEST_F(Commands, InvokePrintsTheAnswer) {
  server_.answer("POST /functions/v1/hello", 200, R"({"message":"Hello!"})",
                 "X-Request-Id: id-1\r\n");
  EXPECT_EQ(run({"invoke", "hello", "-d", R"({"name":"Ada"})"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_, "{\"message\":\"Hello!\"}\n");
  EXPECT_TRUE(err_.starts_with("200 in ")) << err_;
  EXPECT_TRUE(err_.ends_with("request id-1\n")) << err_;
  const Asked asked = server_.asked().back();
  EXPECT_EQ(asked.body, R"({"name":"Ada"})");
  EXPECT_NE(asked.head.find("authorization: Bearer anon-key"), std::string::npos);
  EXPECT_NE(asked.head.find("content-type: application/json"), std::string::npos);
}

TEST_F(Commands, InvokeSaysWhatItIsTold) {
  server_.answer("PUT /functions/v1/hello/a?b=c", 200, "line\n", "");
  ASSERT_EQ(run({"invoke", "hello", "--method", "PUT", "--path", "a?b=c", "--header", "X-A: 1",
                 "--header", "Content-Type:text/x", "--key", "service", "-d",
                 "@" + write("body", "from a file")}),
            ExitCode::kOk)
      << err_;
  EXPECT_EQ(out_, "line\n");
  const Asked asked = server_.asked().back();
  EXPECT_EQ(asked.body, "from a file");
  EXPECT_NE(asked.head.find("X-A: 1"), std::string::npos);
  EXPECT_NE(asked.head.find("Content-Type: text/x"), std::string::npos);
  EXPECT_EQ(asked.head.find("application/json"), std::string::npos);
  EXPECT_NE(asked.head.find("Bearer service-key"), std::string::npos);

  server_.answer("POST /functions/v1/hello?q=1", 200, "", "");
  run({"invoke", "hello", "--path", "?q=1", "-d", "plain", "--header",
       "Authorization: Basic eA=="});
  EXPECT_NE(server_.asked().back().head.find("content-type: text/plain"), std::string::npos);
  EXPECT_EQ(server_.asked().back().head.find("Bearer"), std::string::npos);
  run({"invoke", "hello", "--path", "?q=1", "-d", "\xff"});
  EXPECT_NE(server_.asked().back().head.find("octet-stream"), std::string::npos);
}

TEST_F(Commands, InvokeOfAFailureIsAnExitCodeOfItsOwn) {
  server_.answer("POST /functions/v1/hello", 500, "broken");
  expect_exit(ExitCode::kGuestFailed, {"invoke", "hello"}, "broken\n500 in ");
}

TEST_F(Commands, InvokeAsJson) {
  server_.answer("POST /functions/v1/hello", 201, "a", "X-A: 1\r\n");
  ASSERT_EQ(run({"invoke", "hello", "--json"}), ExitCode::kOk);
  const json::object answer = json::parse(out_).as_object();
  EXPECT_EQ(answer.at("status"), 201);
  EXPECT_EQ(answer.at("headers").at("x-a"), "1");
  EXPECT_EQ(answer.at("body"), "a");
  EXPECT_EQ(answer.at("body_encoding"), "utf8");
  EXPECT_TRUE(answer.at("duration_us").is_int64());
  server_.answer("GET /functions/v1/hello", 200, "\xff");
  ASSERT_EQ(run({"invoke", "hello", "--json", "--method", "GET"}), ExitCode::kOk);
  EXPECT_EQ(json::parse(out_).at("body"), "/w==");
}

TEST_F(Commands, InvokeRefusesWhatItCannotSend) {
  expect_exit(ExitCode::kUsage, {"invoke", "Bad"}, "is not a function's name");
  expect_exit(ExitCode::kUsage, {"invoke", "hello", "--header", "no colon"}, "write NAME: VALUE");
  expect_exit(ExitCode::kUsage, {"invoke", "hello", "--header", "A: b\r\nC: d"},
              "write NAME: VALUE");
  expect_exit(ExitCode::kUsage, {"invoke", "hello", "--path", "/a\r\nX: y"}, "write spaces and");
  expect_exit(ExitCode::kUsage, {"invoke", "hello", "--path", "/a HTTP/1.0"}, "write spaces and");
  expect_exit(ExitCode::kUsage, {"invoke", "hello", "--data", R"({"name":"World"})"},
              "the body is given by -d");
  expect_exit(ExitCode::kUsage, {"invoke", "hello", "-d", "@/nowhere/x"},
              "cannot read /nowhere/x: No such file");
  expect_exit(ExitCode::kUsage, {"invoke", "hello", "--url", "nonsense"}, "is not a URL");
  expect_exit(ExitCode::kUsage, {"invoke", "hello", "--url", "http://evil", "--key", "service"},
              "is of another server");
  EXPECT_TRUE(server_.lines().empty());
}

constexpr std::string_view kEntry =
    R"({"id":"1","function":"hello","version":3,"trigger":"http","status":"error","duration_us":1500,)"
    R"("cpu_us":1,"peak_memory_bytes":65536,"error":"TRAP: it trapped\n  at f","user_id":"u-1",)"
    R"("time":"2026-01-31T12:00:00.000Z","lines":["[Function] one","[Function] two"]})";
constexpr std::string_view kPlainEntry =
    R"({"id":"2","function":"hello","version":3,"trigger":"http","status":"success","duration_us":10,)"
    R"("cpu_us":1,"peak_memory_bytes":0,"error":null,"user_id":null,)"
    R"("time":"2026-01-31T12:00:01.000Z","lines":[]})";

TEST_F(Commands, LogsForPeople) {
  server_.answer("GET /admin/v1/logs?limit=50", 200,
                 fmt::format(R"({{"entries":[{},{}]}})", kEntry, kPlainEntry));
  ASSERT_EQ(run({"logs"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_,
            "2026-01-31T12:00:00.000Z  error            hello v3  http  1.50 ms  64 KiB  user u-1\n"
            "    [Function] one\n"
            "    [Function] two\n"
            "    ! TRAP: it trapped\n"
            "    !   at f\n"
            "2026-01-31T12:00:01.000Z  success          hello v3  http  10 µs  0 B\n");
}

TEST_F(Commands, LogsAreOneJsonObjectALine) {
  server_.answer("GET /admin/v1/functions/hello/logs?limit=2&status=timeout", 200,
                 fmt::format(R"({{"entries":[{},{}]}})", kEntry, kPlainEntry));
  ASSERT_EQ(run({"logs", "hello", "-n", "2", "--status", "timeout", "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_, fmt::format("{}\n{}\n", kEntry, kPlainEntry));
}

TEST_F(Commands, LogsFilterAlsoWhileTheyFollow) {
  server_.answer_raw(
      "GET /admin/v1/functions/hello/logs?limit=50&status=error&trigger=http&user=u%201&"
      "since=15m&until=2026-01-31T09%3A00%3A00%2B01%3A00&follow=true",
      fmt::format("HTTP/1.1 200 OK\r\n\r\n{}\n", kEntry));
  ASSERT_EQ(run({"logs", "hello", "-f", "--json", "--status", "error", "--trigger", "http",
                 "--user", "u 1", "--since", "15m", "--until", "2026-01-31T09:00:00+01:00"}),
            ExitCode::kOk)
      << err_;
  EXPECT_EQ(out_, fmt::format("{}\n", kEntry));
}

TEST_F(Commands, LogsFollowUntilTheServerEnds) {
  server_.answer_raw(
      "GET /admin/v1/logs?limit=50&follow=true",
      fmt::format("HTTP/1.1 200 OK\r\n\r\n{}\nnot json\n{}\n{{\"half", kEntry, kPlainEntry));
  ASSERT_EQ(run({"logs", "-f", "--json"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_, fmt::format("{}\n{}\n", kEntry, kPlainEntry));
}

TEST_F(Commands, LogsFollowTellsRefusals) {
  server_.answer("GET /admin/v1/functions/hello/logs?limit=50&follow=true", 404,
                 std::string(kNotFound) + "\n");
  expect_exit(ExitCode::kFailed, {"logs", "hello", "-f"},
              "there is no function 'hello' [NOT_FOUND]");
  EXPECT_EQ(out_, "") << "a refusal is no entry";
}

TEST_F(Commands, LogsRefuseWhatThereIsNot) {
  EXPECT_EQ(run({"logs", "-n", "0"}), ExitCode::kUsage);
  EXPECT_EQ(run({"logs", "-n", "10001"}), ExitCode::kUsage);
  EXPECT_EQ(run({"logs", "--status", "fine"}), ExitCode::kUsage);
  EXPECT_EQ(run({"logs", "--trigger", "cron"}), ExitCode::kUsage);
  EXPECT_EQ(run({"logs", "Bad Name"}), ExitCode::kUsage);
  environment_["ROOST_DATA"] = "/nowhere";
  expect_exit(ExitCode::kUsage, {"logs"}, "no key: there is no /nowhere/keys.json");
}

TEST_F(Commands, TokenIsSignedWithTheServersKey) {
  ASSERT_EQ(run({"token", "--sub", "user-1", "--expires", "1h", "--claims", R"({"email":"a@b"})"}),
            ExitCode::kOk)
      << err_;
  const auto now = auth::Clock::now();
  const std::string token = out_.substr(0, out_.size() - 1);
  const auto principal = auth::verify_token(token, {std::string(64, 's')}, now);
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->role, auth::Role::kAuthenticated);
  EXPECT_EQ(principal->user_id, "user-1");
  EXPECT_NE(principal->claims_json.find(R"("email":"a@b")"), std::string::npos);
  EXPECT_FALSE(auth::verify_token(token, {std::string(64, 's')}, now + std::chrono::hours(2)));
  EXPECT_FALSE(auth::verify_token(token, {std::string(64, 't')}, now));
}

TEST_F(Commands, TokenAsJsonSaysWhenItExpires) {
  ASSERT_EQ(run({"token", "--role", "service_role", "--json"}), ExitCode::kOk);
  const json::value with = json::parse(out_);
  EXPECT_NEAR(static_cast<double>(with.at("expires_at").as_int64()),
              static_cast<double>(auth::Clock::to_time_t(auth::Clock::now()) + 3600), 60);
  ASSERT_EQ(run({"token", "--expires", "0", "--json"}), ExitCode::kOk);
  EXPECT_TRUE(json::parse(out_).at("expires_at").is_null());
}

TEST_F(Commands, TokenRefusesWhatItCannotSign) {
  expect_exit(ExitCode::kUsage, {"token", "--role", "admin"}, "admin");
  expect_exit(ExitCode::kUsage, {"token", "--expires", "soon"},
              "--expires: \"soon\" is not a duration");
  expect_exit(ExitCode::kUsage, {"token", "--expires", "1500ms"}, "--expires: write whole seconds");
  expect_exit(ExitCode::kUsage, {"token", "--claims", "[]"}, "roost: ");
  expect_exit(ExitCode::kUsage, {"token", "--claims", R"({"sub":"x"})"}, "sub");
  expect_exit(ExitCode::kUsage, {"token", "--data", "/nowhere"}, "there is no /nowhere/keys.json");
  write("keys.json", "{");
  expect_exit(ExitCode::kFailed, {"token"}, "cannot use");
  expect_exit(ExitCode::kFailed, {"list"}, "cannot use");
}

TEST_F(Commands, ServeRefusesAWrongConfiguration) {
  expect_exit(ExitCode::kUsage, {"serve", "--limits-max-body", "much"},
              "--limits-max-body: \"much\"");
  expect_exit(ExitCode::kUsage, {"serve", "--config", write("a.toml", "x = 1")},
              "a.toml:1: x: unknown");
  expect_exit(ExitCode::kUsage, {"serve", "--database", "postgres://h/d"},
              "PostgreSQL is not built yet");
}

// What a script makes of a variable that is not set.
TEST_F(Commands, AnEmptyValueIsNotAFlagLeftOut) {
  for (const Words& words : std::vector<Words>{{"db", "sql", "DELETE FROM todos", "--as-user", ""},
                                               {"deploy", module(), "--canary-header", ""},
                                               {"deploy", module(), "--name", ""},
                                               {"deploy", module(), "--timeout", ""},
                                               {"logs", ""},
                                               {"logs", "--since", ""},
                                               {"list", "--key", ""},
                                               {"restore", "a.tar", "--data", ""},
                                               {"serve", "--listen", ""}}) {
    expect_exit(ExitCode::kUsage, words, "the value is empty");
    EXPECT_TRUE(err_.starts_with("roost: ")) << err_;
  }
  EXPECT_TRUE(server_.asked().empty());
  server_.answer("POST /functions/v1/hello", 200, "{}");
  EXPECT_EQ(run({"invoke", "hello", "-d", ""}), ExitCode::kOk) << err_;
}

TEST_F(Commands, ValuesAreUtf8) {
  expect_exit(ExitCode::kUsage, {"deploy", module(), "--env", "A=\xff"}, "--env: the value is no");
  EXPECT_TRUE(server_.asked().empty());
}

TEST_F(Commands, NumbersThatCountSaySo) {
  for (const std::string number : {"0", "-1", "1.5", "x", "99999999999999999999"}) {
    expect_exit(ExitCode::kUsage, {"rollback", "hello", number},
                "'" + number + "' is no whole number of 1 or more");
    expect_exit(ExitCode::kUsage, {"events", "show", number}, "is no whole number of 1 or more");
  }
}

TEST_F(Commands, HelpAndVersionAreNoErrors) {
  expect_exit(ExitCode::kOk, {"--version"}, "roost " ROOST_VERSION "\n");
  expect_exit(ExitCode::kOk, {"--help"}, "deploy");
  EXPECT_EQ(out_.find("compile"), std::string::npos) << "it is for the server's own use";
  expect_exit(ExitCode::kOk, {"deploy", "--help"}, "--no-verify-jwt");
  expect_exit(ExitCode::kUsage, {}, "A subcommand is required");
  expect_exit(ExitCode::kUsage, {"nonsense"}, "roost: there is no command nonsense; roost --help");
  expect_exit(ExitCode::kUsage, {"deplyo"}, "there is no command deplyo: did you mean deploy?");
  expect_exit(ExitCode::kUsage, {"list", "--nonsense"}, "--nonsense");
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCharacters) {
  std::stringstream out;
  print_table(out, {{"A", "B", "C"}, {"µs", "", "x"}, {"long", "b"}});
  EXPECT_EQ(out.str(), "A     B  C\nµs       x\nlong  b\n");
}

}  // namespace
}  // namespace cli
