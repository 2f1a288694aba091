#include "http/multipart.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "http/text.h"

namespace http {
namespace {

constexpr std::size_t kMaxBoundaryBytes = 70;  // RFC 2046, section 5.1.1

std::unexpected<base::Error> malformed(std::string what) {
  return base::fail(base::Code::kInvalidArgument, "malformed multipart body: " + std::move(what));
}

constexpr std::string_view kNotInLines("\r\n\0", 3);

struct Parameter {
  std::string_view name;
  std::string_view value;
};

// `*( OWS ";" OWS name "=" ( token / quoted ) )`, one at a time. A quoted value stays as it was
// written.
class Parameters {
 public:
  explicit Parameters(std::string_view rest) : rest_(rest) {}

  // Nothing at the end, and once something is malformed (see `ok`).
  std::optional<Parameter> next() {
    rest_ = trim(rest_);
    if (rest_.empty()) return std::nullopt;
    ok_ = rest_.front() == ';';
    if (!ok_) return std::nullopt;
    rest_ = trim(rest_.substr(1));
    const std::string_view name = rest_.substr(0, token_length(rest_));
    rest_.remove_prefix(name.size());
    ok_ = !name.empty() && rest_.starts_with('=');
    if (!ok_) return std::nullopt;
    rest_.remove_prefix(1);
    const std::optional<std::string_view> value = rest_.starts_with('"') ? quoted() : token();
    ok_ = value.has_value();
    if (!ok_) return std::nullopt;
    return Parameter{name, *value};
  }

  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::optional<std::string_view> token() {
    const std::string_view value = rest_.substr(0, token_length(rest_));
    rest_.remove_prefix(value.size());
    if (value.empty()) return std::nullopt;
    return value;
  }

  std::optional<std::string_view> quoted() {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '\\') {
        ++i;
      } else if (rest_[i] == '"') {
        const std::string_view value = rest_.substr(1, i - 1);
        rest_.remove_prefix(i + 1);
        return value;
      }
    }
    return std::nullopt;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// The value of the one parameter of this name; the others are read past.
base::Result<std::string_view> parameter(std::string_view text, std::string_view name) {
  std::optional<std::string_view> value;
  Parameters parameters(text);
  while (const std::optional<Parameter> found = parameters.next()) {
    if (!base::equal_ignoring_case(found->name, name)) continue;
    if (value) return malformed("'" + std::string(name) + "' is given twice");
    value = found->value;
  }
  if (!parameters.ok()) return malformed("a header's parameters do not read name=value");
  if (!value) return malformed("a header lacks '" + std::string(name) + "='");
  return *value;
}

bool is_boundary_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

// The name in the header lines of one part; each line ends with CRLF.
base::Result<std::string_view> name_in(std::string_view lines) {
  std::optional<std::string_view> name;
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    const std::size_t field = token_length(line);
    if (field == 0 || field == line.size() || line[field] != ':') {
      return malformed("a part has a header line without a name");
    }
    if (line.find_first_of(kNotInLines) != std::string_view::npos) {
      return malformed("a part has a header with a stray CR, LF or NUL");
    }
    if (!base::equal_ignoring_case(line.substr(0, field), "content-disposition")) continue;
    if (name) return malformed("a part has two Content-Disposition headers");
    const std::string_view value = trim(line.substr(field + 1));
    const std::size_t kind = token_length(value);
    if (!base::equal_ignoring_case(value.substr(0, kind), "form-data")) {
      return malformed("the Content-Disposition of a part is not form-data");
    }
    base::Result<std::string_view> found = parameter(value.substr(kind), "name");
    if (!found) return found;
    name = *found;
  }
  if (!name) return malformed("a part has no Content-Disposition");
  return *name;
}

// Moves past `padding CRLF`.
bool skip_line_end(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (!rest.starts_with("\r\n")) return false;
  rest.remove_prefix(2);
  return true;
}

// One part and the delimiter after it.
base::Result<Part> take_part(std::string_view& rest, std::string_view delimiter) {
  // A part without headers begins with the empty line itself, and is refused for want of a name.
  const std::string_view window = rest.substr(0, kMaxPartHeadBytes);
  const std::size_t blank = window.starts_with("\r\n") ? 0 : window.find("\r\n\r\n");
  if (blank == std::string_view::npos) {
    return malformed("the headers of a part do not end within " +
                     std::to_string(kMaxPartHeadBytes) + " bytes");
  }
  const std::size_t lines = blank == 0 ? 0 : blank + 2;
  base::Result<std::string_view> name = name_in(rest.substr(0, lines));
  if (!name) return base::fail(std::move(name.error()));
  rest.remove_prefix(lines + 2);
  const std::size_t end = rest.find(delimiter);
  if (end == std::string_view::npos) {
    return malformed("part '" + std::string(*name) + "' has no end: the body was cut");
  }
  const Part part{*name, rest.substr(0, end)};
  rest.remove_prefix(end + delimiter.size());
  return part;
}

}  // namespace

base::Result<std::string> boundary_of(std::string_view content_type) {
  constexpr std::string_view kType = "multipart/form-data";
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  if (!base::equal_ignoring_case(trim(type), kType)) {
    return base::fail(base::Code::kInvalidArgument,
                      "Content-Type is not multipart/form-data: send the parts 'config' (JSON) and "
                      "'module' (WebAssembly) as a form");
  }
  base::Result<std::string_view> boundary = parameter(content_type.substr(type.size()), "boundary");
  if (!boundary) return base::fail(std::move(boundary.error()));
  if (boundary->empty() || boundary->size() > kMaxBoundaryBytes || boundary->ends_with(' ') ||
      !std::ranges::all_of(*boundary, is_boundary_char)) {
    return malformed("the boundary is not 1 to 70 characters of those allowed");
  }
  return std::string(*boundary);
}

base::Result<std::vector<Part>> parse_multipart(std::string_view body, std::string_view boundary) {
  const std::string delimiter = "\r\n--" + std::string(boundary);
  const std::string_view first = std::string_view(delimiter).substr(2);
  if (!body.starts_with(first)) return malformed("it does not begin with its boundary");
  std::string_view rest = body.substr(first.size());
  std::vector<Part> parts;
  while (!rest.starts_with("--")) {
    if (parts.size() == kMaxParts) {
      return malformed("more than " + std::to_string(kMaxParts) + " parts");
    }
    if (!skip_line_end(rest)) return malformed("a boundary is not followed by a line end");
    base::Result<Part> part = take_part(rest, delimiter);
    if (!part) return base::fail(std::move(part.error()));
    parts.push_back(*part);
  }
  rest.remove_prefix(2);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  if (!rest.empty() && rest != "\r\n") return malformed("there is text after the last boundary");
  return parts;
}

}  // namespace http
