#include "cron/croner.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fmt/format.h>
#include <unistd.h>

#include "triggers/cron_schedule.h"

namespace cron {

namespace {

// A file that is gone when the test is.
class TemporaryFile {
 public:
  explicit TemporaryFile(const char* name)
      : path_(std::filesystem::temp_directory_path() /
              fmt::format("roost-cron-{}-{}", ::getpid(), name)) {}
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

std::vector<Answer> ask_croner(const std::vector<Question>& questions) {
  const TemporaryFile asked("questions");
  const TemporaryFile answered("answers");
  {
    std::ofstream file(asked.path());
    for (const Question& question : questions) {
      file << question.zone << '\t' << question.after.time_since_epoch().count() << '\t'
           << question.count << '\t' << question.pattern << '\n';
    }
  }
  const std::string command =
      fmt::format("'{}' '{}' <'{}' >'{}'", ROOST_NODE, ROOST_CRONER, asked.path(), answered.path());
  std::vector<Answer> answers;
  if (std::system(command.c_str()) != 0) return answers;
  std::ifstream file(answered.path());
  for (std::string line; std::getline(file, line);) answers.push_back(line);
  return answers;
}

Answer ask_roost(const Question& question) {
  const auto pattern = triggers::CronPattern::parse(question.pattern);
  const auto zone = triggers::Zone::find(question.zone);
  if (!pattern || !zone) return "error";
  const triggers::CronSchedule schedule(*pattern, *zone);
  Answer answer;
  auto at = question.after;
  for (int i = 0; i < question.count; ++i) {
    if (i > 0) answer += ' ';
    const auto run = schedule.next(at);
    if (!run) return answer + "none";
    at = *run;
    answer += std::to_string(at.time_since_epoch().count());
  }
  return answer;
}

}  // namespace cron
