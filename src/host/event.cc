#include "host/event.h"

#include <algorithm>
#include <map>

#include "base/encoding.h"

namespace host {
namespace {

// A list of names and values as a JSON object; the order is the names'.
void append_object(std::string& out, const std::map<std::string, std::string>& members) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : members) {
    if (!first) out += ',';
    first = false;
    base::append_json_string(out, name);
    out += ':';
    base::append_json_string(out, value);
  }
  out += '}';
}

// What cannot be decoded stays as it came.
std::string decode(std::string_view text) {
  return base::from_percent(text, base::Plus::kSpace).value_or(std::string(text));
}

std::map<std::string, std::string> parse_query(std::string_view query) {
  std::map<std::string, std::string> members;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    members[decode(pair.substr(0, equals))] =
        equals < pair.size() ? decode(pair.substr(equals + 1)) : std::string();
  }
  return members;
}

std::map<std::string, std::string> join_headers(const NameValues& headers) {
  std::map<std::string, std::string> members;
  for (const auto& [name, value] : headers) {
    const auto [place, fresh] = members.emplace(name, value);
    if (!fresh) place->second += ", " + value;
  }
  return members;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  base::append_json_string(out, value);
}

void append_body(std::string& out, const std::string& body) {
  const bool text = base::is_utf8(body);
  append_member(out, R"(,"body":)", text ? body : base::to_base64(body));
  out += text ? R"(,"body_encoding":"utf8")" : R"(,"body_encoding":"base64")";
}

}  // namespace

std::string to_json(const Event& event, const auth::Principal& principal) {
  std::string out;
  out.reserve(512 + event.body.size());
  append_member(out, R"({"trigger":"http","method":)", event.method);
  append_member(out, R"(,"path":)", event.path);
  out += R"(,"query":)";
  append_object(out, parse_query(event.query));
  out += R"(,"headers":)";
  append_object(out, join_headers(event.headers));
  append_body(out, event.body);
  if (principal.user_id.empty()) {
    out += R"(,"user_id":null)";
  } else {
    append_member(out, R"(,"user_id":)", principal.user_id);
  }
  append_member(out, R"(,"role":)", auth::name_of(principal.role));
  // The claims are an object that the token's verification has parsed.
  out += R"(,"claims":)" + principal.claims_json;
  append_member(out, R"(,"request_id":)", event.request_id);
  out += '}';
  return out;
}

}  // namespace host
