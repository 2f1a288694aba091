// For the tests of subcommands: the whole command line against a FakeServer, with a data folder of
// its own.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "cli/fake_server.h"
#include "cli/program.h"
#include "database/test_folder.h"
#include "server/keys_file.h"

namespace cli {

using Words = std::vector<std::string>;

class TestCommands : public ::testing::Test {
 protected:
  TestCommands() {
    environment_ = {{"ROOST_DATA", (folder_ / "").string()},
                    {"ROOST_URL", server_.url()},
                    {"ROOST_ADMIN_URL", server_.url()}};
    write("keys.json", server::to_json({.anon_key = "anon-key",
                                        .service_role_key = "service-key",
                                        .jwt_secret = std::string(64, 's'),
                                        .url = server_.url(),
                                        .admin_url = server_.url()}));
  }

  std::string write(const std::string& name, const std::string& content) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

  ExitCode run(const Words& words) {
    std::stringstream out;
    std::stringstream err;
    World world{out, err, environment_};
    const ExitCode code = cli::run(words, world);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  void expect_exit(ExitCode code, const Words& words, std::string_view in_output) {
    EXPECT_EQ(run(words), code) << err_;
    EXPECT_NE((out_ + err_).find(in_output), std::string::npos) << out_ << err_;
  }

  FakeServer server_;
  Environment environment_;
  std::string out_, err_;
  database::TestFolder folder_;
};

}  // namespace cli
