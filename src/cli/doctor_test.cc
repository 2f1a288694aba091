#include <fstream>
#include <sstream>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cli/diagnosis.h"
#include "cli/fake_server.h"
#include "cli/json_text.h"
#include "cli/program.h"
#include "database/test_folder.h"

namespace cli {
namespace {

server::Config config() {
  server::Config config;
  config.limits.max_queue = 4000;
  return config;
}

Machine good_machine() {
  return {.kernel = "Linux 6.1.0-test",
          .max_mappings = 65'530,
          .open_files = 20'000,
          .address_space_limited = false,
          .memory_bytes = 8 * base::kGiB};
}

FolderFacts good_folder() {
  return {.folder = {true, 0700},
          .writable = true,
          .free_bytes = 100 * base::kGiB,
          .master_key = {true, 0600},
          .keys_file = {true, 0600},
          .keys = server::KeysFile{}};
}

Check check_of(const std::vector<Check>& checks, std::string_view name) {
  for (const Check& check : checks) {
    if (check.name == name) return check;
  }
  ADD_FAILURE() << "there is no check " << name;
  return {};
}

// A good world with one thing changed, and what the doctor says of it.
Check judged(std::string_view name, const std::function<void(Machine&, server::Config&)>& change) {
  Machine machine = good_machine();
  server::Config changed = config();
  change(machine, changed);
  return check_of(diagnose_machine(machine, changed), name);
}
Check judged_folder(std::string_view name,
                    const std::function<void(FolderFacts&, server::Config&)>& change) {
  FolderFacts facts = good_folder();
  server::Config changed = config();
  change(facts, changed);
  return check_of(diagnose_folder(facts, changed), name);
}

TEST(Doctor, GoodMachineIsGood) {
  for (const auto& checks :
       {diagnose_machine(good_machine(), config()), diagnose_folder(good_folder(), config())}) {
    EXPECT_EQ(worst_of(checks), Verdict::kOk);
    for (const Check& check : checks) EXPECT_EQ(check.advice, "") << check.name;
  }
}

TEST(Doctor, MappingsAreFiveForEachSlot) {
  const auto with = [](std::uint64_t mappings) {
    return judged("mappings", [mappings](Machine& m, auto&) { m.max_mappings = mappings; });
  };
  EXPECT_EQ(with(5639).verdict, Verdict::kFail);
  EXPECT_NE(with(5639).advice.find("vm.max_map_count=11280"), std::string::npos);
  EXPECT_EQ(with(5640).verdict, Verdict::kWarn);
  EXPECT_EQ(with(11'279).verdict, Verdict::kWarn);
  EXPECT_EQ(with(11'280).verdict, Verdict::kOk);
  EXPECT_EQ(judged("mappings", [](auto&, server::Config& c) { c.limits.max_concurrency = 20'000; })
                .verdict,
            Verdict::kFail);
}

TEST(Doctor, OpenFilesHoldAllCalls) {
  const auto with = [](std::uint64_t files) {
    return judged("open files", [files](Machine& m, auto&) { m.open_files = files; });
  };
  EXPECT_EQ(with(5255).verdict, Verdict::kWarn);
  EXPECT_NE(with(5255).advice.find("5256"), std::string::npos);
  EXPECT_EQ(with(5256).verdict, Verdict::kOk);
}

TEST(Doctor, MemoryHoldsWhatFunctionsMayUse) {
  EXPECT_EQ(
      judged("memory", [](auto&, server::Config& c) { c.limits.node_memory = 9 * base::kGiB; })
          .verdict,
      Verdict::kFail);
  EXPECT_EQ(judged("memory", [](Machine& m, auto&) { m.memory_bytes = 200 * base::kMiB; }).verdict,
            Verdict::kWarn);
}

TEST(Doctor, KernelMustHaveWhatWeUse) {
  for (const char* kernel : {"Linux 4.19.0", "Linux 5.2.9", "Darwin 23.0", ""}) {
    EXPECT_EQ(judged("versions", [&](Machine& m, auto&) { m.kernel = kernel; }).verdict,
              Verdict::kFail)
        << kernel;
  }
  EXPECT_EQ(judged("versions", [](Machine& m, auto&) { m.kernel = "Linux 5.3"; }).verdict,
            Verdict::kOk);
}

TEST(Doctor, LimitedAddressSpaceFails) {
  const Check check =
      judged("address space", [](Machine& m, auto&) { m.address_space_limited = true; });
  EXPECT_EQ(check.verdict, Verdict::kFail);
  EXPECT_NE(check.advice, "");
}

TEST(Doctor, FolderIsTheOwnersOnly) {
  EXPECT_EQ(judged_folder("data folder", [](auto& f, auto&) { f.folder.mode = 0755; }).verdict,
            Verdict::kWarn);
  EXPECT_EQ(judged_folder("data folder", [](auto& f, auto&) { f.folder.exists = false; }).verdict,
            Verdict::kOk);
  EXPECT_EQ(judged_folder("data folder", [](auto& f, auto&) { f.writable = false; }).verdict,
            Verdict::kFail);
}

TEST(Doctor, DiskHoldsTheJournal) {
  const auto with = [](std::uint64_t bytes) {
    return judged_folder("disk", [bytes](auto& f, auto&) { f.free_bytes = bytes; }).verdict;
  };
  EXPECT_EQ(with(100 * base::kMiB - 1), Verdict::kFail);
  EXPECT_EQ(with(2 * base::kGiB - 1), Verdict::kWarn);
  EXPECT_EQ(with(2 * base::kGiB), Verdict::kOk);
}

TEST(Doctor, MasterKeyIsThereAndPrivate) {
  EXPECT_EQ(judged_folder("master key", [](auto& f, auto&) { f.master_key.mode = 0640; }).verdict,
            Verdict::kFail);
  EXPECT_EQ(judged_folder("master key", [](auto& f, auto&) { f.master_key = {}; }).verdict,
            Verdict::kFail);
  EXPECT_EQ(judged_folder("master key",
                          [](auto& f, auto&) {
                            f.master_key = {};
                            f.keys_file = {};
                          })
                .verdict,
            Verdict::kOk);
  EXPECT_EQ(judged_folder("master key",
                          [](auto& f, auto& c) {
                            f.master_key = {};
                            c.master_key = "given";
                          })
                .verdict,
            Verdict::kOk);
}

TEST(Doctor, KeysFileIsWholeAndPrivate) {
  EXPECT_EQ(judged_folder("keys", [](auto& f, auto&) { f.keys_file.mode = 0644; }).verdict,
            Verdict::kWarn);
  EXPECT_EQ(judged_folder(
                "keys", [](auto& f, auto&) { f.keys = base::fail(base::Code::kStorage, "broken"); })
                .verdict,
            Verdict::kFail);
  EXPECT_EQ(judged_folder("keys", [](auto& f, auto&) { f.keys_file = {}; }).verdict, Verdict::kOk);
}

TEST(Doctor, LooksAtTheRealMachine) {
  const Machine machine = look_at_machine();
  EXPECT_TRUE(machine.kernel.starts_with("Linux ")) << machine.kernel;
  EXPECT_GT(machine.max_mappings, 0U);
  EXPECT_GT(machine.open_files, 0U);
  EXPECT_GT(machine.memory_bytes, 0U);
}

TEST(Doctor, LooksAtTheRealFolder) {
  const database::TestFolder test;
  const FolderFacts none = look_at_folder(test / "not/yet");
  EXPECT_FALSE(none.folder.exists);
  EXPECT_TRUE(none.writable);
  EXPECT_GT(none.free_bytes, 0U);
  EXPECT_EQ(none.keys.error().code, base::Code::kNotFound);
  std::ofstream(test / "keys.json") << server::to_json({});
  ASSERT_EQ(::chmod((test / "keys.json").c_str(), 0640), 0);
  const FolderFacts some = look_at_folder(test / "");
  EXPECT_EQ(some.folder.mode, 0700U);
  EXPECT_EQ(some.keys_file.mode, 0640U);
  EXPECT_TRUE(some.keys);
  EXPECT_FALSE(some.master_key.exists);
}

struct Ran {
  ExitCode code;
  std::string out;
};
Ran doctor(const Environment& environment, std::vector<std::string> flags = {}) {
  std::stringstream out;
  std::stringstream err;
  World world{out, err, environment};
  flags.insert(flags.begin(), "doctor");
  const ExitCode code = run(flags, world);
  return {code, out.str()};
}

// The verdict on the server or on what it says, in a world where it is at `url`.
Check verdict_at(const std::string& url, std::string_view name) {
  const database::TestFolder test;
  const Ran ran = doctor(
      {{"ROOST_DATA", (test / "data").string()}, {"ROOST_ADMIN_URL", url}, {"ROOST_KEY", "key"}},
      {"--json"});
  const boost::json::value report = boost::json::parse(ran.out);
  for (const auto& check : array_at(report, "checks")) {
    if (text_at(check, "name") != name) continue;
    return {text_at(check, "verdict"), Verdict::kOk, text_at(check, "finding"),
            text_at(check, "advice")};
  }
  return {};
}

Check server_at(const std::string& url) { return verdict_at(url, "server"); }

TEST(Doctor, NamesTriggersThatDoNotFire) {
  FakeServer fake;
  fake.answer("GET /readyz", 200, "{}");
  const std::string list = "GET /admin/v1/functions";
  fake.answer(list, 200, R"({"functions": [{"name": "a"}]})");
  fake.answer(list, 200,
              R"({"functions": [{"name": "a"}, {"name": "b", "faults": [
                  {"trigger": "table:t:insert", "reason": "there is no table t"}]}]})");
  fake.answer(list, 403, R"({"code": "FORBIDDEN", "message": "not yours"})");
  EXPECT_EQ(verdict_at(fake.url(), "triggers").name, "ok");
  const Check faulty = verdict_at(fake.url(), "triggers");
  EXPECT_EQ(faulty.name, "warn");
  EXPECT_EQ(faulty.finding, "b: `table:t:insert` does not fire: there is no table t");
  EXPECT_EQ(verdict_at(fake.url(), "triggers").name, "warn");
  EXPECT_EQ(verdict_at("http://127.0.0.1:1", "triggers").name, "") << "nobody to ask";
}

TEST(Doctor, AsksTheServer) {
  FakeServer fake;
  fake.answer("GET /readyz", 200, "{}");
  fake.answer("GET /readyz", 503, "{}");
  EXPECT_EQ(server_at(fake.url()).name, "ok");
  EXPECT_EQ(server_at(fake.url()).name, "warn");
  EXPECT_EQ(server_at(fake.url()).finding, fake.url() + " answers 503 on /readyz");
  EXPECT_EQ(server_at("nonsense").name, "fail");
  EXPECT_EQ(server_at("http://127.0.0.1:1").name, "warn");
}

TEST(Doctor, BadConfigurationIsItsOnlyFinding) {
  const Ran ran = doctor({{"ROOST_LOOPS", "many"}});
  EXPECT_EQ(ran.code, ExitCode::kFailed);
  EXPECT_TRUE(ran.out.starts_with("fail  configuration  ROOST_LOOPS: \"many\"")) << ran.out;
  EXPECT_NE(ran.out.find("→ mend it"), std::string::npos);
}

TEST(Doctor, FlagsNameFolderAndFile) {
  const database::TestFolder test;
  std::ofstream(test / "a.toml") << "limits.max_concurrency = 1\n";
  std::ofstream(test / "keys.json") << "{";
  const Ran ran =
      doctor({}, {"--data", (test / "").string(), "--config", (test / "a.toml").string()});
  EXPECT_EQ(ran.code, ExitCode::kFailed);
  EXPECT_NE(ran.out.find("129 slots of 5"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("fail  server"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace cli
