// roost backup and roost restore: a server's data in one file, and back.
#include <algorithm>
#include <fstream>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/connection_settings.h"
#include "server/archive.h"
#include "server/backup.h"

namespace cli {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr mode_t kOwnerOnly = 0077;
constexpr const char* kMasterKey = "master.key";

struct Options {
  ConnectionOptions connection;
  std::string file;
  bool journal = false;
  bool no_master_key = false;
  bool json = false;
};

using Names = std::vector<std::string>;

bool has_master_key(const Names& names) {
  return std::ranges::find(names, kMasterKey) != names.end();
}

void print(World& world, const Options& options, std::string_view verb, const Names& names,
           std::string_view advice) {
  if (options.json) {
    json::object out{{"file", options.file}, {"parts", json::array(names.begin(), names.end())}};
    world.out << json::serialize(out) << '\n';
    return;
  }
  std::string list;
  for (const std::string& name : names) {
    if (!name.starts_with("journal/")) list += (list.empty() ? "" : ", ") + name;
  }
  const auto journal =
      std::ranges::count_if(names, [](const auto& name) { return name.starts_with("journal/"); });
  if (journal > 0) list += fmt::format(", {} of the journal", journal);
  world.out << fmt::format("{} {}: {}\n", verb, options.file, list);
  if (!advice.empty()) world.out << advice << '\n';
}

// From another machine: the server makes it, and it is checked here before it counts.
Outcome<Names> fetch(const Options& options, const World& world) {
  const auto client = AdminClient::connect(options.connection, world);
  if (!client) return std::unexpected(client.error());
  const std::string unfinished = options.file + ".part";
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  const auto size = client->download(options.journal ? "/backup?journal=true" : "/backup", out);
  out.close();
  std::error_code error;
  const auto give_up = [&](Failure failure) {
    fs::remove(unfinished, error);
    return std::unexpected(std::move(failure));
  };
  if (!size) return give_up(size.error());
  if (!out) return give_up({ExitCode::kFailed, fmt::format("cannot write {}", unfinished)});
  const auto archive = server::Archive::open(unfinished);
  if (!archive) return give_up(failure_of(archive.error()));
  fs::rename(unfinished, options.file, error);
  if (error) {
    return give_up(
        {ExitCode::kFailed, fmt::format("cannot make {}: {}", options.file, error.message())});
  }
  Names names;
  for (const auto& member : archive->members()) names.push_back(member.name);
  return names;
}

bool is_remote(const Options& options, const Environment& environment) {
  return !options.connection.admin_url.empty() || environment.contains("ROOST_ADMIN_URL");
}

// The file is made by a rename: whatever has its name is gone then, be it a device.
Outcome<void> check_target(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(file, error);
  if (status.type() == fs::file_type::not_found) return {};
  if (status.type() != fs::file_type::regular) {
    return fail(ExitCode::kUsage,
                fmt::format("{} is no file that could be replaced: name a new one", file.string()));
  }
  if (fs::file_size(file, error) == 0 || server::begins_as_archive(file)) return {};
  return fail(ExitCode::kUsage, fmt::format("{} is there and is no backup: name another file, or "
                                            "delete it first",
                                            file.string()));
}

// What is lost with the folder is no copy of it, and might be one of its own files.
Outcome<void> check_outside(const fs::path& file, const fs::path& data) {
  std::error_code error;
  const fs::path inside = fs::weakly_canonical(data, error);
  const fs::path target = fs::weakly_canonical(file, error);
  const auto [rest, _] = std::ranges::mismatch(inside, target);
  if (rest != inside.end()) return {};
  return fail(ExitCode::kUsage, fmt::format("{} is in the data folder: a backup belongs elsewhere, "
                                            "best on another disk",
                                            file.string()));
}

Outcome<Names> back_up(const Options& options, const World& world) {
  ::umask(kOwnerOnly);
  if (auto fits = check_target(options.file); !fits) return std::unexpected(fits.error());
  if (is_remote(options, world.environment)) return fetch(options, world);
  const fs::path data = data_folder_of(options.connection, world.environment);
  if (auto fits = check_outside(options.file, data); !fits) return std::unexpected(fits.error());
  auto names =
      server::back_up(data, options.file,
                      {.master_key = options.no_master_key ? server::MasterKeyPart::kLeftOut
                                                           : server::MasterKeyPart::kIncluded,
                       .journal = options.journal ? server::JournalPart::kIncluded
                                                  : server::JournalPart::kLeftOut});
  if (!names) return std::unexpected(failure_of(names.error()));
  return std::move(*names);
}

ExitCode backup(const Options& options, World& world) {
  const auto names = back_up(options, world);
  if (!names) return report(world, names.error());
  print(world, options, "Wrote", *names,
        has_master_key(*names)
            ? "It opens everything: keep it as you keep master.key."
            : "The master key is not in it, and a restored server does not start without it: keep "
              "a copy of master.key, or of ROOST_MASTER_KEY.");
  return ExitCode::kOk;
}

ExitCode restore(const Options& options, World& world) {
  ::umask(kOwnerOnly);
  const fs::path data = data_folder_of(options.connection, world.environment);
  const auto names = server::restore(options.file, data);
  if (!names) return report(world, failure_of(names.error()));
  print(
      world, options, "Restored", *names,
      has_master_key(*names)
          ? fmt::format("Start it with roost serve --data {}", data.string())
          : fmt::format("Its master key was not in it: before the start put master.key, mode 600, "
                        "into {}, or set ROOST_MASTER_KEY.",
                        data.string()));
  return ExitCode::kOk;
}

}  // namespace

void add_backup_commands(CLI::App& app, Command& chosen) {
  const auto add = [&](const char* name, const char* about, ExitCode (*run)(const Options&, World&),
                       const char* file) {
    auto* command = app.add_subcommand(name, about);
    const auto options = std::make_shared<Options>();
    command->add_option("FILE", options->file, file)->required();
    command->add_flag("--json", options->json, "Print what is in it as JSON");
    command->callback(
        [&chosen, options, run] { chosen = [=](World& world) { return run(*options, world); }; });
    return std::pair(command, options);
  };
  const auto [backup_command, options] =
      add("backup", "Write a server's data into one file, while it runs or not", backup,
          "Replaced once the new one is whole");
  backup_command->add_flag("--journal", options->journal, "The invocations, too");
  backup_command->add_flag("--no-master-key", options->no_master_key,
                           "Leave master.key out; it never leaves a server by --admin-url");
  add_connection_options(*backup_command, options->connection, Listener::kAdmin);
  const auto [restore_command, restored] =
      add("restore", "Make a data folder of a backup", restore, "What roost backup wrote");
  restore_command->add_option("--data", restored->connection.data,
                              "Made, or an empty folder; default: ./roost-data");
}

}  // namespace cli
