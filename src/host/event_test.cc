#include "host/event.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace host {
namespace {

boost::json::object parse(const Event& event, const auth::Principal& principal) {
  return boost::json::parse(to_json(event, principal)).as_object();
}

TEST(HostEvent, HasEveryMember) {
  const Event event{.method = "POST",
                    .path = "/a/%20b",
                    .query = "k=v&k=w&empty&x=%41+b&bad=%zz&&=e",
                    .headers = {{"accept", "a"}, {"x-y", "1"}, {"accept", "b"}},
                    .body = "say \"hi\"\n",
                    .request_id = "id"};
  const auth::Principal principal{auth::Role::kAuthenticated, "user-1",
                                  R"({"sub":"user-1","n":[1]})"};
  const auto expected = boost::json::parse(R"({"trigger":"http","method":"POST","path":"/a/%20b",
    "query":{"k":"w","empty":"","x":"A b","bad":"%zz","":"e"},"headers":{"accept":"a, b","x-y":"1"},
    "body":"say \"hi\"\n","body_encoding":"utf8","user_id":"user-1","role":"authenticated",
    "claims":{"sub":"user-1","n":[1]},"request_id":"id"})");
  EXPECT_EQ(parse(event, principal), expected.as_object());
}

TEST(HostEvent, BytesBecomeBase64AndNobodyIsNull) {
  Event event;
  event.body = std::string("\xff\x00z", 3);
  const auto json = parse(event, auth::Principal::anonymous());
  EXPECT_EQ(json.at("body"), "/wB6");
  EXPECT_EQ(json.at("body_encoding"), "base64");
  EXPECT_TRUE(json.at("user_id").is_null());
  EXPECT_EQ(json.at("role"), "anon");
  EXPECT_EQ(json.at("claims"), boost::json::object());
}

// Header values may hold bytes that are no UTF-8: the event is valid JSON all the same.
TEST(HostEvent, IsAlwaysValidJson) {
  Event event;
  event.query = "%ff=\"";
  event.headers = {{"x", "\xff\"\\"}};
  const auto json = parse(event, auth::Principal::anonymous());
  EXPECT_EQ(json.at("headers").at("x"), "\xef\xbf\xbd\"\\");
}

}  // namespace
}  // namespace host
