// Asks croner, the cron library of JavaScript, for the runs of patterns: one Node process for many
// questions.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace cron {

struct Question {
  std::string pattern;
  std::string zone;
  std::chrono::sys_seconds after;
  int count = 1;
};

// In the form of runs.mjs: seconds since 1970, `none` where they end, or `error`.
using Answer = std::string;

// One answer for each question; fewer when Node did not run to its end.
std::vector<Answer> ask_croner(const std::vector<Question>& questions);
// The same by Roost.
Answer ask_roost(const Question& question);

}  // namespace cron
