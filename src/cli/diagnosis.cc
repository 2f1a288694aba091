#include "cli/diagnosis.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "base/units.h"

namespace cli {
namespace {

// sandbox/sandbox.cc: slots beyond the limit that keep a call from waiting for one.
constexpr std::uint64_t kSpareSlots = 128;
// Memory image, its tail, guard, stack and table, for each live call.
constexpr std::uint64_t kMappingsPerSlot = 5;
// Databases, journal, listeners, epolls, compilers.
constexpr std::uint64_t kOwnFiles = 256;
// One function at its default limit.
constexpr std::uint64_t kOneFunction = 128 * base::kMiB;
constexpr std::uint64_t kLeastDisk = 100 * base::kMiB;
constexpr unsigned kOthers = 077;

Check check_kernel(const Machine& machine) {
  int major = 0;
  int minor = 0;
  const bool known = std::sscanf(machine.kernel.c_str(), "Linux %d.%d", &major, &minor) == 2;
  Check check{
      "versions", Verdict::kOk, fmt::format("roost {}, {}", ROOST_VERSION, machine.kernel), {}};
  if (!known || std::pair(major, minor) < std::pair(5, 3)) {
    check.verdict = Verdict::kFail;
    check.advice = "roost needs Linux 5.3 or later";
  }
  return check;
}

Check check_mappings(const Machine& machine, const server::Config& config) {
  const std::uint64_t slots = config.limits.max_concurrency + kSpareSlots;
  const std::uint64_t need = slots * kMappingsPerSlot;
  Check check{"mappings",
              Verdict::kOk,
              fmt::format("vm.max_map_count is {}; {} slots of {} mappings need {}",
                          machine.max_mappings, slots, kMappingsPerSlot, need),
              {}};
  if (machine.max_mappings < need) {
    check.verdict = Verdict::kFail;
    check.advice =
        fmt::format("run sysctl -w vm.max_map_count={}, or lower limits.max_concurrency", 2 * need);
  } else if (machine.max_mappings < 2 * need) {
    check.verdict = Verdict::kWarn;
    check.advice = fmt::format(
        "little is left for compiled code: run sysctl -w vm.max_map_count={}", 2 * need);
  }
  return check;
}

Check check_open_files(const Machine& machine, const server::Config& config) {
  const std::uint64_t need =
      std::uint64_t{config.limits.max_concurrency} + config.limits.max_queue + kOwnFiles;
  Check check{"open files",
              Verdict::kOk,
              fmt::format("may have {}; {} calls running and waiting need {}", machine.open_files,
                          config.limits.max_concurrency + config.limits.max_queue, need),
              {}};
  if (machine.open_files < need) {
    check.verdict = Verdict::kWarn;
    check.advice =
        fmt::format("raise the hard limit to {} (LimitNOFILE= of systemd, ulimit -Hn)", need);
  }
  return check;
}

Check check_address_space(const Machine& machine) {
  if (!machine.address_space_limited) return {"address space", Verdict::kOk, "not limited", {}};
  return {"address space", Verdict::kFail, "limited by ulimit -v",
          "the pool of instances reserves terabytes of it, without using them: run ulimit -v "
          "unlimited"};
}

Check check_memory(const Machine& machine, const server::Config& config) {
  const std::uint64_t budget =
      config.limits.node_memory > 0 ? config.limits.node_memory : machine.memory_bytes / 2;
  Check check{"memory",
              Verdict::kOk,
              fmt::format("{}, of which functions may use {}",
                          base::format_size(machine.memory_bytes), base::format_size(budget)),
              {}};
  if (budget > machine.memory_bytes) {
    check.verdict = Verdict::kFail;
    check.advice = "lower limits.node_memory below what the machine or its control group has";
  } else if (budget < kOneFunction) {
    check.verdict = Verdict::kWarn;
    check.advice = fmt::format("one function may ask for {}: raise limits.node_memory",
                               base::format_size(kOneFunction));
  }
  return check;
}

Check check_folder(const FolderFacts& facts, const server::Config& config) {
  const std::string path = config.data.string();
  if (!facts.writable) {
    return {"data folder", Verdict::kFail, fmt::format("{} cannot be written", path),
            "give it to the user that runs roost, or name another with --data"};
  }
  if (!facts.folder.exists) {
    return {"data folder", Verdict::kOk, fmt::format("{} is made by the first start", path), {}};
  }
  Check check{
      "data folder", Verdict::kOk, fmt::format("{}, mode {:04o}", path, facts.folder.mode), {}};
  if ((facts.folder.mode & kOthers) != 0) {
    check.verdict = Verdict::kWarn;
    check.advice = fmt::format("others may look into it: run chmod 700 {}", path);
  }
  return check;
}

Check check_disk(const FolderFacts& facts, const server::Config& config) {
  const std::uint64_t wish = config.journal.max_bytes + base::kGiB;
  Check check{
      "disk",
      Verdict::kOk,
      fmt::format("{} free; the journal may grow to {}", base::format_size(facts.free_bytes),
                  base::format_size(config.journal.max_bytes)),
      {}};
  if (facts.free_bytes < kLeastDisk) {
    check.verdict = Verdict::kFail;
    check.advice = "make room: deployments fail and log entries are dropped on a full disk";
  } else if (facts.free_bytes < wish) {
    check.verdict = Verdict::kWarn;
    check.advice = "make room, or lower journal.max_bytes";
  }
  return check;
}

Check check_master_key(const FolderFacts& facts, const server::Config& config) {
  if (config.master_key) return {"master key", Verdict::kOk, "from ROOST_MASTER_KEY", {}};
  if (!facts.master_key.exists) {
    const bool lost = facts.keys_file.exists;
    return {"master key", lost ? Verdict::kFail : Verdict::kOk,
            lost ? "master.key is missing" : "is made by the first start",
            lost ? "restore it from a backup, or set ROOST_MASTER_KEY" : ""};
  }
  if ((facts.master_key.mode & kOthers) != 0) {
    return {"master key", Verdict::kFail,
            fmt::format("others may read master.key (mode {:04o})", facts.master_key.mode),
            "run chmod 600 on it; roost does not start with it"};
  }
  return {"master key", Verdict::kOk, "master.key, for its owner only", {}};
}

Check check_keys(const FolderFacts& facts) {
  if (!facts.keys_file.exists) {
    return {"keys", Verdict::kOk, "keys.json is made by the first start", {}};
  }
  if (!facts.keys) {
    return {"keys", Verdict::kFail, facts.keys.error().message,
            "start the server again: it writes the file at each start"};
  }
  if ((facts.keys_file.mode & kOthers) != 0) {
    return {"keys", Verdict::kWarn,
            fmt::format("others may read keys.json (mode {:04o})", facts.keys_file.mode),
            "run chmod 600 on it: it lets anybody in as service_role"};
  }
  return {"keys", Verdict::kOk, "keys.json, for its owner only", {}};
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kNames{"ok", "warn", "fail"};
  return kNames.at(static_cast<std::size_t>(verdict));
}

std::vector<Check> diagnose_machine(const Machine& machine, const server::Config& config) {
  return {check_kernel(machine), check_mappings(machine, config), check_open_files(machine, config),
          check_address_space(machine), check_memory(machine, config)};
}

std::vector<Check> diagnose_folder(const FolderFacts& facts, const server::Config& config) {
  return {check_folder(facts, config), check_disk(facts, config), check_master_key(facts, config),
          check_keys(facts)};
}

Verdict worst_of(const std::vector<Check>& checks) {
  Verdict worst = Verdict::kOk;
  for (const Check& check : checks) worst = std::max(worst, check.verdict);
  return worst;
}

}  // namespace cli
