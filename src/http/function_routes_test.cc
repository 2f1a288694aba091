#include "http/function_routes.h"

#include <string>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "http/test_world.h"

namespace http {
namespace {

std::string bearer(const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; }

void expect_error(const Reply& reply, int status, const std::string& code,
                  const std::string& relay) {
  EXPECT_EQ(reply.status, status);
  EXPECT_EQ(reply.header("sb-error-code"), relay);
  ASSERT_EQ(reply.header("content-type"), "application/json");
  EXPECT_EQ(boost::json::parse(reply.body).at("code").as_string(), code);
}

bool sees(const Reply& reply, const std::string& line) {
  return ("\n" + reply.body + "\n").find("\n" + line + "\n") != std::string::npos;
}

TEST(FunctionRoutes, PathIsANameAndTheRest) {
  EXPECT_EQ(split_function_path("/functions/v1/hello")->name, "hello");
  EXPECT_EQ(split_function_path("/functions/v1/hello")->rest, "/");
  EXPECT_EQ(split_function_path("/functions/v1/hello/")->rest, "/");
  EXPECT_EQ(split_function_path("/functions/v1/hello/a%20b//c")->rest, "/a%20b//c");
  for (const char* const bad : {"/", "/functions/v1", "/functions/v1/", "/functions/v1//x",
                                "/functions/v2/a", "/Functions/v1/a", "functions/v1/a"}) {
    EXPECT_FALSE(split_function_path(bad)) << bad;
  }
}

TEST(FunctionRoutes, TheGuestSeesTheRequest) {
  TestWorld world;
  world.add("open", false);
  const Reply reply =
      world.call("PATCH", "/functions/v1/open/a%2Fb?x=%20&forceFunctionRegion=eu",
                 "X-Region: eu\r\nX-Twice: 1\r\nX-Twice: 2\r\nConnection: x-gone\r\nX-Gone: 1\r\n",
                 "the body");
  ASSERT_EQ(reply.status, 200);
  for (const char* const line :
       {"method=PATCH", "path=/a%2Fb", "query=x=%20&forceFunctionRegion=eu", "role=anon",
        "user=", "x-region=eu", "x-twice=1", "x-twice=2", "host=localhost", "body=the body"}) {
    EXPECT_TRUE(sees(reply, line)) << line << " is not in\n" << reply.body;
  }
  EXPECT_EQ(reply.body.find("x-gone"), std::string::npos);
  EXPECT_EQ(reply.body.find("connection"), std::string::npos);
  EXPECT_TRUE(sees(reply, "id=" + reply.header("x-request-id")));
  EXPECT_TRUE(sees(world.call("GET", "/functions/v1/open"), "path=/"));
}

TEST(FunctionRoutes, EveryAnswerHasARequestIdOfItsOwn) {
  TestWorld world;
  const Reply first = world.call("GET", "/nowhere");
  const Reply second = world.call("GET", "/healthz");
  EXPECT_EQ(first.header("x-request-id").size(), 36U);
  EXPECT_EQ(first.header("x-request-id")[14], '7') << "a UUID of version 7";
  EXPECT_NE(first.header("x-request-id"), second.header("x-request-id"));
}

TEST(FunctionRoutes, CredentialsAreAskedForWhereTheFunctionSaysSo) {
  TestWorld world;
  world.add("closed", true);
  const std::string path = "/functions/v1/closed";
  const Reply none = world.call("POST", path);
  expect_error(none, 401, "UNAUTHORIZED_NO_AUTH_HEADER", "UNAUTHORIZED_NO_AUTH_HEADER");
  EXPECT_EQ(none.header("www-authenticate"), "Bearer");
  expect_error(world.call("POST", path, "apikey: " + world.keys().anon_key + "\r\n"), 401,
               "UNAUTHORIZED_NO_AUTH_HEADER", "UNAUTHORIZED_NO_AUTH_HEADER");
  expect_error(world.call("POST", path, bearer("x.y.z")), 401, "UNAUTHORIZED_INVALID_JWT_FORMAT",
               "UNAUTHORIZED_INVALID_JWT_FORMAT");
  EXPECT_EQ(world.sandbox().calls, 0);

  const Reply user =
      world.call("POST", path, bearer(world.token(auth::Role::kAuthenticated, "u1")));
  EXPECT_TRUE(sees(user, "role=authenticated"));
  EXPECT_TRUE(sees(user, "user=u1"));
  EXPECT_TRUE(sees(world.call("POST", path, bearer(world.keys().anon_key)), "role=anon"));
}

TEST(FunctionRoutes, AnAuthorizationThatIsNotBearerIsTheGuests) {
  TestWorld world;
  world.add("open", false);
  const Reply basic =
      world.call("GET", "/functions/v1/open", "Authorization: Basic dXNlcjpwYXNz\r\n");
  EXPECT_TRUE(sees(basic, "authorization=Basic dXNlcjpwYXNz"));
  EXPECT_TRUE(sees(basic, "role=anon"));
  EXPECT_EQ(world.call("GET", "/functions/v1/open", bearer("broken")).status, 401);
  EXPECT_TRUE(sees(
      world.call("GET", "/functions/v1/open", "apikey: " + world.keys().service_role_key + "\r\n"),
      "role=service_role"));
}

TEST(FunctionRoutes, UnknownDisabledAndElsewhereAre404) {
  TestWorld world;
  world.add("open", false);
  for (const char* const target :
       {"/", "/functions/v1/absent", "/functions/v1/", "/functions/v1", "/functions/v1/Open",
        "/functions/v1/%6Fpen", "/admin/v1/functions", "/metrics", "/functions/v1/../../healthz"}) {
    expect_error(world.call("GET", target), 404, "NOT_FOUND", "NOT_FOUND");
  }
  ASSERT_TRUE(world.registry().set_enabled("open", false));
  expect_error(world.call("GET", "/functions/v1/open"), 404, "NOT_FOUND", "NOT_FOUND");
}

TEST(FunctionRoutes, FailuresHaveTheirStatusAndCode) {
  TestWorld world;
  world.add("open", false);
  const auto fail = [&](const std::string& code) {
    return world.call("GET", "/functions/v1/open/fail/" + code);
  };
  expect_error(fail("TIMEOUT"), 504, "TIMEOUT", "IDLE_TIMEOUT");
  expect_error(fail("CPU_LIMIT"), 504, "CPU_LIMIT", "WORKER_RESOURCE_LIMIT");
  expect_error(fail("MEMORY_LIMIT"), 507, "MEMORY_LIMIT", "WORKER_RESOURCE_LIMIT");
  expect_error(fail("TRAP"), 500, "TRAP", "WORKER_ERROR");
  expect_error(fail("OUTPUT_LIMIT"), 500, "OUTPUT_LIMIT", "WORKER_RESOURCE_LIMIT");
  expect_error(fail("INVALID_MODULE"), 400, "INVALID_MODULE", "BOOT_ERROR");
  expect_error(fail("NODE_MEMORY"), 503, "NODE_MEMORY", "WORKER_RESOURCE_LIMIT");
  expect_error(fail("DATABASE_UNAVAILABLE"), 500, "DATABASE_UNAVAILABLE", "");
}

TEST(FunctionRoutes, TooManyAtOnceIs429) {
  TestWorld world({},
                  {.max_running = 1, .max_waiting = 0, .max_wait = std::chrono::milliseconds(10)});
  world.add("open", false);
  TestClient first(world.server().function_address());
  first.send(TestWorld::request("GET", "/functions/v1/open/wait"));
  ASSERT_TRUE(eventually([&] { return world.sandbox().calls == 1; }));
  const Reply refused = world.call("GET", "/functions/v1/open");
  expect_error(refused, 429, "CONCURRENCY_LIMIT", "RATE_LIMIT_EXCEEDED");
  EXPECT_GE(std::stoi(refused.header("retry-after")), 1);
  world.sandbox().gate = true;
  EXPECT_EQ(first.read().status, 200);
}

// Who stays gets the place; who left is not called for nobody.
TEST(FunctionRoutes, AClientThatGoesWhileItWaitsIsNotCalledFor) {
  TestWorld world({}, {.max_running = 1, .max_waiting = 2, .max_wait = std::chrono::minutes(5)});
  world.add("open", false);
  const std::string address = world.server().function_address();
  TestClient first(address);
  first.send(TestWorld::request("GET", "/functions/v1/open/wait"));
  ASSERT_TRUE(eventually([&] { return world.sandbox().calls == 1; }));
  auto leaving = std::make_optional<TestClient>(address);
  leaving->send(TestWorld::request("GET", "/functions/v1/open/wait"));
  TestClient staying(address);
  staying.send(TestWorld::request("GET", "/functions/v1/open/wait"));
  const invoke::Admission& admission = world.invoker().admission();
  ASSERT_TRUE(eventually([&] { return admission.waiting() == 2; }));
  leaving.reset();
  EXPECT_TRUE(eventually([&] { return admission.waiting() == 1; }));
  world.sandbox().gate = true;
  EXPECT_EQ(first.read().status, 200);
  EXPECT_EQ(staying.read().status, 200);
  EXPECT_EQ(world.sandbox().calls, 2);
}

TEST(FunctionRoutes, PreflightIsTheHosts) {
  TestWorld world;
  world.add("closed", true);
  for (const char* const target : {"/functions/v1/closed", "/functions/v1/absent/x"}) {
    const Reply reply = world.call("OPTIONS", target, "Access-Control-Request-Method: POST\r\n");
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.header("access-control-allow-origin"), "*");
    EXPECT_NE(reply.header("access-control-allow-headers").find("authorization"),
              std::string::npos);
    EXPECT_NE(reply.header("access-control-allow-methods").find("PATCH"), std::string::npos);
    EXPECT_FALSE(reply.headers.contains("content-length"));
  }
  EXPECT_EQ(world.sandbox().calls, 0);
}

TEST(FunctionRoutes, CorsIsOnEveryAnswer) {
  TestWorld world;
  world.add("open", false);
  for (const char* const target :
       {"/functions/v1/open", "/functions/v1/open/fail/TRAP", "/functions/v1/absent", "/healthz"}) {
    const Reply reply = world.call("GET", target);
    EXPECT_EQ(reply.header("access-control-allow-origin"), "*") << target;
    EXPECT_NE(reply.header("access-control-expose-headers").find("sb-error-code"),
              std::string::npos);
  }
  const Reply own = world.call("GET", "/functions/v1/open/own-cors");
  EXPECT_EQ(own.head.find("allow-origin: *"), std::string::npos);
  EXPECT_EQ(own.header("Access-Control-Allow-Origin"), "https://a.example");
}

TEST(FunctionRoutes, HealthHasTwoMethods) {
  TestWorld world;
  EXPECT_EQ(world.call("GET", "/healthz").body, R"({"status":"ok"})");
  EXPECT_EQ(world.call("GET", "/readyz").body, R"({"status":"ready"})");
  EXPECT_EQ(world.call("HEAD", "/readyz").status, 200);
  const Reply refused = world.call("POST", "/healthz");
  expect_error(refused, 405, "METHOD_NOT_ALLOWED", "");
  EXPECT_EQ(refused.header("allow"), "GET, HEAD");
}

}  // namespace
}  // namespace http
