// The check of an argument that counts something from one on, with a message that says so.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

namespace cli {

inline CLI::Validator whole_number() {
  return {[](const std::string& value) {
            std::int64_t number = 0;
            const char* const end = value.data() + value.size();
            const auto [stopped, error] = std::from_chars(value.data(), end, number);
            const bool good = error == std::errc() && stopped == end && number >= 1;
            return good ? std::string() : "'" + value + "' is no whole number of 1 or more";
          },
          "", "whole number"};
}

}  // namespace cli
