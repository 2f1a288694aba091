#include "http/admin_routes.h"

#include <set>
#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/ascii.h"
#include "http/openapi.h"
#include "http/test_world.h"

namespace http {
namespace {

namespace json = boost::json;

const std::string kType = "Content-Type: multipart/form-data; boundary=XX\r\n";
const std::string kFunctions = "/admin/v1/functions";

std::string part(const std::string& name, const std::string& content) {
  return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n";
}
std::string form(const std::string& config, const std::string& module) {
  return part("config", config) + part("module", module) + "--XX--\r\n";
}
std::string code_of(const Reply& reply) {
  return std::string(json::parse(reply.body).at("code").as_string());
}

TEST(AdminRoutes, PathsAreExact) {
  EXPECT_EQ(match_admin_path("/admin/v1/functions")->route, AdminRoute::kFunctions);
  EXPECT_EQ(match_admin_path("/admin/v1/functions/a-b_1")->name, "a-b_1");
  EXPECT_EQ(match_admin_path("/admin/v1/functions/a/logs")->route, AdminRoute::kFunctionLogs);
  EXPECT_EQ(match_admin_path("/admin/v1/events/12/explain")->name, "12");
  EXPECT_EQ(match_admin_path("/admin/v1/schedules/at")->route, AdminRoute::kRunAt);
  EXPECT_EQ(match_admin_path("/admin/v1/schedules/at/run")->name, "at");
  for (const char* const bad : {"/admin/v1/events/",
                                "/admin/v1/events/x",
                                "/admin/v1/events/-1",
                                "/admin/v1/events/1/",
                                "/admin/v1/events//explain",
                                "/admin/v1/schedules/f",
                                "/admin/v1/schedules/F/run",
                                "/admin/v1/schedules/",
                                "/admin/v1/dead-letters/1",
                                "",
                                "/",
                                "/admin/v1",
                                "/admin/v1/",
                                "/admin/v1/functions/",
                                "/admin/v1/functions/A",
                                "/admin/v1/functions/a/",
                                "/admin/v1/functions/a/log",
                                "/admin/v1/functions/a/logs/",
                                "/admin/v1/functionsx",
                                "/admin/v1/functions//logs",
                                "/metrics/",
                                "/admin/v2/functions"}) {
    EXPECT_FALSE(match_admin_path(bad)) << bad;
  }
  EXPECT_TRUE(needs_key("/admin/v1"));
  EXPECT_TRUE(needs_key("/admin/v1/"));
  EXPECT_FALSE(needs_key("/admin/v10"));
  EXPECT_FALSE(needs_key("/metrics"));
}

// The document and the table of routes say the same.
TEST(AdminRoutes, OpenApiHasEveryRouteThatExists) {
  const json::object paths = json::parse(openapi_json()).at("paths").as_object();
  EXPECT_EQ(paths.size(), 28U);
  std::set<AdminRoute> routes;
  for (const auto& path : paths) {
    std::string text(path.key());
    if (const auto at = text.find("{name}"); at != std::string::npos) text.replace(at, 6, "hello");
    if (const auto at = text.find("{id}"); at != std::string::npos) text.replace(at, 4, "7");
    const auto match = match_admin_path(text);
    ASSERT_TRUE(match) << text;
    routes.insert(match->route);
    std::set<std::string> methods;
    for (const char* const method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
      EXPECT_EQ(path.value().as_object().contains(base::to_lower(method)),
                allows(match->route, method))
          << method << " " << text;
    }
  }
  EXPECT_EQ(routes.size(), 28U);
}

TEST(AdminRoutes, EveryReferenceOfOpenApiLeadsSomewhere) {
  const std::string text(openapi_json());
  const json::value document = json::parse(text);
  const std::string mark = R"("$ref": "#)";
  int count = 0;
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const auto begin = at + mark.size();
    const std::string pointer = text.substr(begin, text.find('"', begin) - begin);
    boost::system::error_code error;
    EXPECT_NE(document.find_pointer(pointer, error), nullptr) << pointer;
    ++count;
  }
  EXPECT_GT(count, 30);
}

TEST(AdminRoutes, AServiceKeyIsAskedForBelowAdmin) {
  TestWorld world;
  const auto ask = [&](const std::string& target, const std::string& headers) {
    TestClient client(world.server().admin_address());
    return client.ask(TestWorld::request("GET", target, headers));
  };
  for (const char* const target :
       {"/admin/v1/functions", "/admin/v1", "/admin/v1/nowhere", "/admin/v1/openapi.json"}) {
    const Reply none = ask(target, "");
    EXPECT_EQ(none.status, 401) << target;
    EXPECT_EQ(none.header("www-authenticate"), "Bearer");
    EXPECT_EQ(none.header("access-control-allow-origin"), "") << "no CORS on the admin listener";
    EXPECT_EQ(ask(target, "Authorization: Bearer x\r\n").status, 401);
    EXPECT_EQ(ask(target, "Authorization: Bearer " + world.keys().anon_key + "\r\n").status, 403);
    EXPECT_EQ(ask(target, "apikey: " + world.token(auth::Role::kAuthenticated) + "\r\n").status,
              403);
  }
  EXPECT_EQ(ask(kFunctions, "apikey: " + world.keys().service_role_key + "\r\n").status, 200);
  for (const char* const target : {"/metrics", "/healthz", "/readyz"}) {
    EXPECT_EQ(ask(target, "").status, 200) << target;
  }
  EXPECT_EQ(world.admin("GET", "/admin/v1/openapi.json").body, openapi_json());
  EXPECT_EQ(ask("/", "").status, 404);
  EXPECT_EQ(world.admin("GET", "/admin/v1/nowhere").status, 404);
}

TEST(AdminRoutes, AnotherHostIsRefused) {
  TestWorld world;
  const auto ask = [&](const std::string& request) {
    return TestClient(world.server().admin_address()).ask(request);
  };
  const std::string key = "Authorization: Bearer " + world.keys().service_role_key + "\r\n\r\n";
  EXPECT_EQ(ask("GET /admin/v1/functions HTTP/1.1\r\nHost: evil.example\r\n" + key).status, 403);
  EXPECT_EQ(ask("GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n" + key).status,
            403);
  EXPECT_EQ(ask("GET /metrics HTTP/1.1\r\nHost:\r\n\r\n").status, 403);
  EXPECT_EQ(ask("GET /metrics HTTP/1.0\r\n\r\n").status, 403);
  EXPECT_EQ(ask("GET /admin/v1/functions HTTP/1.1\r\nHost: 192.0.2.1:9401\r\n" + key).status, 200);
}

TEST(AdminRoutes, WrongMethodsAre405WithAllow) {
  TestWorld world;
  const auto allow = [&](const std::string& method, const std::string& target) {
    const Reply reply = world.admin(method, target);
    EXPECT_EQ(reply.status, 405) << method << " " << target;
    return reply.header("allow");
  };
  EXPECT_EQ(allow("DELETE", kFunctions), "GET, HEAD, POST");
  EXPECT_EQ(allow("POST", kFunctions + "/a"), "GET, HEAD, PUT, PATCH, DELETE");
  EXPECT_EQ(allow("GET", kFunctions + "/a/rollback"), "POST");
  EXPECT_EQ(allow("GET", kFunctions + "/a/canary"), "PUT, DELETE");
  EXPECT_EQ(allow("POST", kFunctions + "/a/versions"), "GET, HEAD");
  EXPECT_EQ(allow("POST", "/metrics"), "GET, HEAD");
  EXPECT_EQ(allow("OPTIONS", kFunctions), "GET, HEAD, POST");
  EXPECT_EQ(allow("GE", kFunctions), "GET, HEAD, POST");
}

TEST(AdminRoutes, DeploysByMultipart) {
  TestWorld world;
  const std::string module = std::string("\0asm\r\n--X", 9);
  const Reply created =
      world.admin("POST", kFunctions, kType,
                  form(R"({"name":"hello","env":{"A_KEY":"secret-value"}})", module));
  ASSERT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(created.header("location"), "/admin/v1/functions/hello");
  EXPECT_EQ(json::parse(created.body).at("version").as_int64(), 1);
  EXPECT_EQ(created.body.find("secret-value"), std::string::npos);
  EXPECT_EQ(world.registry().module(world.registry().find("hello")->version.module).value(),
            module);

  const Reply taken = world.admin("POST", kFunctions, kType, form(R"({"name":"hello"})", module));
  EXPECT_EQ(taken.status, 409);
  const Reply second = world.admin("PUT", kFunctions + "/hello", kType, form("{}", "second"));
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(json::parse(second.body).at("version").as_int64(), 2);
  EXPECT_EQ(world.admin("PUT", kFunctions + "/absent", kType, form("{}", "x")).status, 404);
  EXPECT_EQ(
      world.admin("PUT", kFunctions + "/hello", kType, form(R"({"name":"other"})", "x")).status,
      400);
  EXPECT_EQ(world.registry().find("hello")->version.number, 2);
}

TEST(AdminRoutes, BadDeploymentsStoreNothing) {
  TestWorld world;
  const auto post = [&](const std::string& body, const std::string& type = kType) {
    return world.admin("POST", kFunctions, type, body);
  };
  const std::string config = R"({"name":"hello"})";
  EXPECT_EQ(code_of(post(form(config, "bad"))), "INVALID_MODULE");
  EXPECT_EQ(post(form(config, std::string(64 * 1024 + 1, 'x'))).status, 413);
  EXPECT_EQ(post(form("{}", "x")).status, 400) << "no name";
  EXPECT_EQ(post(form("nonsense", "x")).status, 400);
  EXPECT_EQ(post(form(R"({"name":"hello","triggers":["webhook:SECRET"]})", "x")).status, 400);
  EXPECT_EQ(post(part("config", config) + "--XX--").status, 400) << "no module";
  EXPECT_EQ(post(part("module", "x") + "--XX--").status, 400) << "no config";
  EXPECT_EQ(post(part("config", config) + form(config, "x")).status, 400) << "config twice";
  EXPECT_EQ(post(part("extra", "") + form(config, "x")).status, 400) << "an unknown part";
  EXPECT_EQ(post(form(config, "x"), "Content-Type: application/json\r\n").status, 400);
  EXPECT_EQ(post(form(config, "x"), "").status, 400) << "no content type";
  EXPECT_EQ(world.admin("PUT", kFunctions + "/hello", kType, "nonsense").status, 400);
  EXPECT_TRUE(world.registry().list().empty());
}

TEST(AdminRoutes, EveryTruncatedFormIs400) {
  TestWorld world;
  const std::string whole = form(R"({"name":"hello"})", "module");
  TestClient client(world.server().admin_address());
  const std::string headers =
      "Authorization: Bearer " + world.keys().service_role_key + "\r\n" + kType;
  for (std::size_t size = 1; size < whole.size() - 2; ++size) {
    const Reply reply =
        client.ask(TestWorld::request("POST", kFunctions, headers, whole.substr(0, size)));
    ASSERT_EQ(reply.status, 400) << size;
  }
  EXPECT_TRUE(world.registry().list().empty());
  EXPECT_EQ(client.ask(TestWorld::request("POST", kFunctions, headers, whole)).status, 201);
}

TEST(AdminRoutes, BodiesArePastTheModulesLimitByOneMebibyte) {
  TestWorld world;
  const std::uint64_t limit = 64 * 1024 + base::kMiB;
  TestClient client(world.server().admin_address());
  const Reply refused = client.ask(fmt::format(
      "POST /admin/v1/functions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
      limit + 1));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(world.admin("POST", kFunctions, kType, std::string(limit, 'x')).status, 400);
}

TEST(AdminRoutes, ChangesOneFunction) {
  TestWorld world;
  world.add("hello", false);
  const std::string path = kFunctions + "/hello";
  EXPECT_EQ(json::parse(world.admin("GET", path).body).at("name").as_string(), "hello");
  EXPECT_EQ(world.admin("HEAD", path).status, 200);
  EXPECT_EQ(json::parse(world.admin("GET", kFunctions).body).at("functions").as_array().size(), 1U);

  const Reply disabled = world.admin("PATCH", path, "", R"({"enabled":false})");
  EXPECT_EQ(disabled.status, 200);
  EXPECT_FALSE(json::parse(disabled.body).at("enabled").as_bool());
  EXPECT_EQ(world.call("GET", "/functions/v1/hello").status, 404);
  EXPECT_EQ(world.admin("PATCH", path, "", R"({"enabled":true})").status, 200);
  EXPECT_EQ(world.call("GET", "/functions/v1/hello").status, 200);
  EXPECT_EQ(world.admin("PATCH", path, "", R"({"enabled":true,"memory":1})").status, 400);
  EXPECT_EQ(world.admin("PATCH", path).status, 400);

  EXPECT_EQ(world.admin("PUT", path, kType, form("{}", "two")).status, 200);
  const Reply versions = world.admin("GET", path + "/versions");
  EXPECT_EQ(json::parse(versions.body).at("versions").as_array().size(), 2U);
  const Reply back = world.admin("POST", path + "/rollback", "", R"({"version":1})");
  EXPECT_EQ(json::parse(back.body).at("version").as_int64(), 1);
  EXPECT_EQ(world.admin("POST", path + "/rollback", "", R"({"version":9})").status, 404);
  EXPECT_EQ(world.admin("POST", path + "/rollback", "", R"({"version":"1"})").status, 400);

  EXPECT_EQ(world.admin("DELETE", path).status, 204);
  EXPECT_TRUE(world.registry().list().empty());
  for (const auto& [method, target] : {std::pair{"GET", path},
                                       {"DELETE", path},
                                       {"GET", path + "/versions"},
                                       {"GET", kFunctions + "/never/logs"}}) {
    EXPECT_EQ(world.admin(method, target).status, 404) << method << target;
  }
  EXPECT_EQ(world.admin("PATCH", path, "", R"({"enabled":true})").status, 404);
}

TEST(AdminRoutes, LogsAreTheJournals) {
  TestWorld world;
  world.add("one", false);
  world.add("two", false);
  world.call("GET", "/functions/v1/one");
  const Reply failed = world.call("GET", "/functions/v1/one/fail/TRAP");
  world.call("GET", "/functions/v1/two");
  const auto entries = [&](const std::string& target) {
    const Reply reply = world.admin("GET", target);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body).at("entries").as_array();
  };
  EXPECT_EQ(entries("/admin/v1/logs").size(), 3U);
  EXPECT_EQ(entries(kFunctions + "/one/logs").size(), 2U);
  EXPECT_EQ(entries("/admin/v1/logs?limit=1").at(0).at("function").as_string(), "two");
  const auto errors = entries("/admin/v1/logs?status=error");
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors.at(0).at("id").as_string(), failed.header("x-request-id"));
  EXPECT_EQ(entries("/admin/v1/logs?after=" + failed.header("x-request-id")).size(), 1U);
  EXPECT_EQ(world.admin("GET", "/admin/v1/logs?limit=x").status, 400);
  ASSERT_EQ(world.admin("DELETE", kFunctions + "/one").status, 204);
  EXPECT_EQ(entries(kFunctions + "/one/logs").size(), 2U) << "the journal outlives a function";
}

TEST(AdminRoutes, MetricsCountWhatWasAnswered) {
  TestWorld world;
  world.add("one", true);
  world.call("GET", "/functions/v1/one");
  const Reply metrics = world.admin("GET", "/metrics");
  EXPECT_EQ(metrics.header("content-type"), "text/plain; version=0.0.4");
  EXPECT_NE(metrics.body.find("http_requests_total"), std::string::npos);
  EXPECT_NE(metrics.body.find("401"), std::string::npos);
  EXPECT_NE(metrics.body.find("functions"), std::string::npos);
}

TEST(AdminRoutes, ACanaryGetsTheCallsThatAskForIt) {
  TestWorld world;
  world.add("hello", false);
  const std::string path = kFunctions + "/hello";
  const std::string config = R"({"verify_jwt":true})";
  const Reply deployed =
      world.admin("PUT", path + "?canary=0&canary_header=X-Try", kType, form(config, "two"));
  ASSERT_EQ(deployed.status, 200) << deployed.body;
  const json::value function = json::parse(deployed.body);
  EXPECT_EQ(function.at("version").as_int64(), 1);
  EXPECT_EQ(json::serialize(function.at("canary")),
            R"({"version":2,"percent":0,"header":"x-try"})");

  const auto status = [&world](const std::string& header) {
    return world.call("GET", "/functions/v1/hello", header).status;
  };
  EXPECT_EQ(status(""), 200);
  EXPECT_EQ(status("X-Try: 1\r\n"), 401) << "the canary asks for a token";
  EXPECT_EQ(world.admin("PUT", path + "/canary", "", R"({"version":2,"percent":100})").status, 200);
  EXPECT_EQ(status(""), 401);
  const Reply ended = world.admin("DELETE", path + "/canary");
  EXPECT_EQ(ended.status, 200);
  EXPECT_FALSE(json::parse(ended.body).as_object().contains("canary"));
  EXPECT_EQ(status("X-Try: 1\r\n"), 200);
}

TEST(AdminRoutes, CanariesThatAreNoneAreRefused) {
  TestWorld world;
  world.add("hello", false);
  const std::string path = kFunctions + "/hello";
  ASSERT_EQ(world.admin("PUT", path, kType, form("{}", "two")).status, 200);
  for (const char* const body :
       {"", "[]", "{}", R"({"percent":5})", R"({"version":"1","percent":5})", R"({"version":0})",
        R"({"version":1})", R"({"version":1,"percent":101})", R"({"version":1,"percent":-1})",
        R"({"version":1,"percent":0.5})", R"({"version":1,"header":7})",
        R"({"version":1,"header":"a b"})", R"({"version":1,"percent":5,"share":5})",
        R"({"version":2,"percent":5})"}) {
    EXPECT_EQ(world.admin("PUT", path + "/canary", "", body).status, 400) << body;
  }
  EXPECT_EQ(world.admin("PUT", path + "/canary", "", R"({"version":9,"percent":5})").status, 404);
  for (const char* const query : {"?canary=x", "?canary=101", "?canary=0", "?canary_header=a%20b",
                                  "?canary=5&canary=6", "?other=1"}) {
    EXPECT_EQ(world.admin("PUT", path + query, kType, form("{}", "m")).status, 400) << query;
  }
}

TEST(AdminRoutes, ABackupIsAFileThatIsGoneWhenItWasSent) {
  TestWorld world;
  world.backup = std::string(20'000'000, 'b');
  const std::string key = "apikey: " + world.keys().service_role_key + "\r\n";
  TestClient client(world.server().admin_address());
  const Reply reply = client.ask(TestWorld::request("POST", "/admin/v1/backup?journal=true", key));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-type"), "application/x-tar");
  EXPECT_FALSE(std::filesystem::exists(world.backup_file()));
  world.server().drain();  // what was begun is sent whole
  std::string body;
  for (auto chunk = client.read_chunk(); !chunk.empty(); chunk = client.read_chunk()) body += chunk;
  EXPECT_EQ(body, world.backup + " with journal");
  EXPECT_EQ(client.read_to_end(), "");
}

// There is one thread for short work: it serves while a backup is made.
TEST(AdminRoutes, OneBackupAtATimeKeepsNothingElseWaiting) {
  TestWorld world;
  world.backup = std::string(20'000'000, 'b');
  world.backup_gate = false;
  const std::string key = "apikey: " + world.keys().service_role_key + "\r\n";
  const std::string request = TestWorld::request("POST", "/admin/v1/backup", key);
  TestClient first(world.server().admin_address());
  first.send(request);
  ASSERT_TRUE(eventually([&] { return world.backups == 1; }));
  EXPECT_EQ(world.admin("GET", "/metrics").status, 200);
  EXPECT_EQ(world.admin("GET", kFunctions).status, 200);
  EXPECT_EQ(world.backups_let_go, 0) << "the others waited for it";
  const auto second = [&] { return world.admin("POST", "/admin/v1/backup").status; };
  EXPECT_EQ(second(), 409) << "while it is made";
  world.backup_gate = true;
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(second(), 409) << "while it is sent";
  EXPECT_EQ(world.backups, 1);
  first.close();
  EXPECT_TRUE(eventually([&] { return second() == 200; })) << "when its client has gone";
  world.backup.clear();
  EXPECT_TRUE(eventually([&] { return second() == 500; }));
  EXPECT_EQ(second(), 500) << "one that failed holds up none";
}

TEST(AdminRoutes, ABackupThatCannotBeMadeIsAnError) {
  TestWorld world;
  EXPECT_EQ(world.admin("POST", "/admin/v1/backup").status, 500);
  EXPECT_EQ(world.admin("POST", "/admin/v1/backup?journal=maybe").status, 400);
  EXPECT_EQ(world.admin("GET", "/admin/v1/backup").status, 405);
}

}  // namespace
}  // namespace http
