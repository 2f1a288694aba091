// Clients and modules that mean harm, against the real program: each is refused clearly, leaves
// nothing, and holds up nobody else.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "database/test_folder.h"
#include "end_to_end/server_process.h"
#include "http/test_client.h"
#include "wasm/engine.h"

namespace end_to_end {
namespace {

using namespace std::chrono_literals;
using http::Reply;
using http::TestClient;

class Hostile : public ::testing::Test {
 protected:
  static std::string address_of(const std::string& url) { return url.substr(url.rfind('/') + 1); }
  [[nodiscard]] std::string functions() const { return address_of(server_.keys().url); }

  [[nodiscard]] std::string admin(const std::string& method, const std::string& path,
                                  const std::string& headers, const std::string& body) const {
    return method + " " + path + " HTTP/1.1\r\nHost: " + address_of(server_.keys().admin_url) +
           "\r\napikey: " + server_.keys().service_role_key + "\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  [[nodiscard]] std::string deployment(const std::string& module) const {
    const std::string part = "--x\r\nContent-Disposition: form-data; name=";
    return admin("POST", "/admin/v1/functions", "Content-Type: multipart/form-data; boundary=x\r\n",
                 part + "\"config\"\r\n\r\n{\"name\":\"cut\"}\r\n" + part + "\"module\"\r\n\r\n" +
                     module + "\r\n--x--\r\n");
  }
  void expect_served() const { EXPECT_EQ(server_.call("hello").status, 200); }

  const database::TestFolder folder_;
  const ServerProcess server_{folder_ / "data"};
};

std::string module_of(std::string_view wat) { return wasm::Engine::from_text(wat).value(); }

// Without names there is no section at the end that may be missing.
TEST_F(Hostile, EveryTruncationOfAModuleIs400AndNothingIsStored) {
  const std::string whole = module_of(
      R"((module (import "roost" "now" (func $now (result i64))) (memory (export "memory") 1)
        (func (export "handle") (drop (call 0)))))");
  const std::size_t end =
      whole.find("\x04name") == std::string::npos ? whole.size() : whole.find("\x04name") - 2;
  TestClient client(address_of(server_.keys().admin_url));
  for (std::size_t size = 0; size < end; ++size) {
    const Reply reply = client.ask(deployment(whole.substr(0, size)));
    EXPECT_EQ(reply.status, 400) << size << ": " << reply.body;
    EXPECT_NE(reply.body.find("INVALID_MODULE"), std::string::npos) << size << ": " << reply.body;
  }
  EXPECT_EQ(server_.call("cut").status, 404);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "data/code"));
  const Reply stored = client.ask(deployment(whole.substr(0, end)));
  EXPECT_EQ(stored.status, 201) << stored.body;
}

TEST_F(Hostile, AMissingImportIsNamed) {
  TestClient client(address_of(server_.keys().admin_url));
  const Reply reply = client.ask(deployment(module_of(
      R"((module (import "env" "fly" (func)) (memory (export "memory") 1) (func (export "handle"))))")));
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("`env.fly`"), std::string::npos) << reply.body;
}

TEST_F(Hostile, MalformedFormsAre400) {
  TestClient client(address_of(server_.keys().admin_url));
  const std::string type = "Content-Type: multipart/form-data; boundary=x\r\n";
  for (const std::string body :
       {"", "--x", "--x--", "--x\r\n\r\n--x--\r\n", "--y\r\n\r\n--y--\r\n",
        "--x\r\nContent-Disposition: form-data; name=\"config\"\r\n\r\n{}\r\n--x--\r\n"}) {
    const Reply reply = client.ask(admin("POST", "/admin/v1/functions", type, body));
    EXPECT_EQ(reply.status, 400) << body << ": " << reply.body;
  }
}

// A second request hides in the first, for whoever reads it as a proxy before us may not.
TEST_F(Hostile, SmuggledRequestsAreRefusedAndTheConnectionEnds) {
  server_.deploy("hello", {"--no-verify-jwt"});
  const std::string line = "POST /functions/v1/hello HTTP/1.1\r\nHost: h\r\n";
  const std::string hidden = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const std::string& attempt : std::vector<std::string>{
           line + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           line + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n",
           line + "Transfer-Encoding: chunked\r\n\r\nz\r\n",
           line + "Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
           line + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
           line + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
           "POST /functions/v1/hello HTTP/1.1\nHost: h\n\n"}) {
    TestClient client(functions());
    EXPECT_EQ(client.ask(attempt + hidden).status, 400) << attempt;
    client.finish_sending();
    EXPECT_EQ(client.read_to_end(), "") << attempt;
  }
  expect_served();
  EXPECT_EQ(server_.entries("hello").size(), 1U);
}

TEST_F(Hostile, HugeManyAndDoubledHeadersAreRefused) {
  const auto ask = [this](const std::string& headers) {
    TestClient client(functions());
    return client.ask("GET /healthz HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n").status;
  };
  std::string many;
  for (int i = 0; i < 200; ++i) many += "x" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(ask("x: " + std::string(100'000, 'y') + "\r\n"), 431);
  EXPECT_EQ(ask(many), 431);
  EXPECT_EQ(ask("apikey: a\r\napikey: b\r\n"), 400);
  EXPECT_EQ(ask("x: a\r\nx: b\r\n"), 200) << "others may be there twice";
}

TEST_F(Hostile, HeadersOfAGuestCannotSplitTheAnswer) {
  server_.deploy("badheader");
  const auto response = server_.call("badheader", "split");
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(response.body.find("BAD_RESPONSE"), std::string::npos) << response.body;
  for (const auto& [name, value] : response.headers) EXPECT_NE(name, "set-cookie");
}

TEST_F(Hostile, AThousandIdleConnectionsHoldUpNobody) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  if (files.rlim_max < 2000) GTEST_SKIP() << "it takes 2000 descriptors: ulimit -n";
  files.rlim_cur = std::max<rlim_t>(files.rlim_cur, 2000);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  server_.deploy("hello");
  std::vector<std::unique_ptr<TestClient>> idle;
  for (int i = 0; i < 1000; ++i) {
    idle.push_back(std::make_unique<TestClient>(functions()));
    ASSERT_TRUE(idle.back()->connected()) << i;
    if (i % 2 == 0) idle.back()->send("POST /functions/v1/hello HT");
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) expect_served();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

}  // namespace
}  // namespace end_to_end
