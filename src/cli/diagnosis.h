// What the facts mean: each check with a verdict, and what to do where it is not good. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/machine.h"
#include "server/config.h"

namespace cli {

enum class Verdict { kOk, kWarn, kFail };

std::string_view name_of(Verdict verdict);  // ok | warn | fail

struct Check {
  std::string name;
  Verdict verdict = Verdict::kOk;
  std::string finding;
  std::string advice;  // empty when it is ok
};

std::vector<Check> diagnose_machine(const Machine& machine, const server::Config& config);
std::vector<Check> diagnose_folder(const FolderFacts& facts, const server::Config& config);

Verdict worst_of(const std::vector<Check>& checks);

}  // namespace cli
