// Hides the values of secrets in text that leaves a guest: log lines, errors, backtraces (S1).
//
// A Redactor is built once per function version from its secret values and is immutable: safe on
// any thread. It replaces each value, and its JSON-escaped, percent-encoded, base64 and base64url
// forms, by `***REDACTED***`. Base64 is found at all three alignments, so a secret inside a longer
// encoded text is hidden too. Where secrets overlap, all that any of them covers becomes one mark.
// It works on whole lines; whoever must cut a line cuts after redaction.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace telemetry {

inline constexpr std::string_view kRedacted = "***REDACTED***";
// Shorter values would hide half of every line; they are refused when a function is deployed,
// and not looked for here.
inline constexpr std::size_t kMinSecretBytes = 6;

// True for environment keys whose values are secrets: those that contain KEY, SECRET, PASSWORD or
// TOKEN in any case.
bool is_secret_name(std::string_view key);

class Redactor {
 public:
  Redactor() = default;  // hides nothing
  explicit Redactor(const std::vector<std::string>& secrets);
  // The values of an environment whose keys are secret names.
  static Redactor of_environment(const std::map<std::string, std::string>& environment);

  [[nodiscard]] std::string redact(std::string_view line) const;
  [[nodiscard]] bool empty() const { return needles_.empty(); }

 private:
  std::vector<std::string> needles_;  // every form of every secret, longest first
};

}  // namespace telemetry
