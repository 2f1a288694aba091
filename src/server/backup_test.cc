#include "server/backup.h"

#include <fstream>
#include <map>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "database/connection.h"
#include "database/test_folder.h"
#include "server/archive.h"
#include "server/data_folder.h"

namespace server {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(text).str();
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

unsigned mode_of(const fs::path& file) {
  struct stat status{};
  return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

class Backup : public ::testing::Test {
 protected:
  Backup() {
    fs::create_directories(data_ / "journal");
    for (const char* name : {"roost.db", "data.db"}) {
      const auto made = *database::open_sqlite(data_ / name, database::SystemAccess());
      EXPECT_TRUE(
          made->run_script(fmt::format("CREATE TABLE t (x); INSERT INTO t VALUES ('{}')", name)));
    }
    write(data_ / "roost.toml", "loops = 1\n");
    write(data_ / "master.key", std::string(64, 'a'));
    write(data_ / "keys.json", "{}");
    write(data_ / "journal/1", std::string(100'000, 'j'));
  }
  static std::string value(const fs::path& file) {
    const auto opened = *database::open_sqlite(file, database::SystemAccess());
    const auto rows = opened->query("SELECT x FROM t");
    return rows ? std::get<std::string>(rows->front().front()) : rows.error().message;
  }
  base::Result<Names> back_up(BackupParts parts = {}) const {
    return server::back_up(data_, file_, parts);
  }
  base::Result<Names> restore() const { return server::restore(file_, folder_ / "restored"); }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_ / ""), fs::directory_iterator()));
  }

  const database::TestFolder folder_;
  const fs::path data_ = folder_ / "data";
  const fs::path file_ = folder_ / "backup.tar";
};

TEST_F(Backup, EverythingComesBack) {
  const auto parts =
      back_up({.master_key = MasterKeyPart::kIncluded, .journal = JournalPart::kIncluded});
  ASSERT_TRUE(parts) << parts.error().message;
  EXPECT_EQ(*parts, (Names{"roost.db", "data.db", "roost.toml", "master.key", "journal/1"}));
  EXPECT_EQ(mode_of(file_), 0600U);
  const auto restored = restore();
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(*restored, *parts);
  const fs::path to = folder_ / "restored";
  EXPECT_EQ(mode_of(to), 0700U);
  EXPECT_EQ(mode_of(to / "master.key"), 0600U);
  EXPECT_EQ(value(to / "roost.db"), "roost.db");
  EXPECT_EQ(value(to / "data.db"), "data.db");
  for (const char* name : {"roost.toml", "master.key", "journal/1"}) {
    EXPECT_EQ(read(to / name), read(data_ / name)) << name;
  }
  EXPECT_FALSE(fs::exists(to / "keys.json"));
  EXPECT_FALSE(fs::exists(to / kRestoringName));
  EXPECT_EQ(files(), 3U) << "nothing is left beside the three";
}

TEST_F(Backup, MasterKeyAndJournalAreLeftOutUnlessAskedFor) {
  EXPECT_EQ(back_up(), (Names{"roost.db", "data.db", "roost.toml"}));
  fs::remove(data_ / "roost.toml");
  fs::remove(data_ / "data.db");
  EXPECT_EQ(back_up(), Names{"roost.db"}) << "the one before is replaced";
  EXPECT_EQ(restore(), Names{"roost.db"});
}

// What the file's contract says of other programs.
TEST_F(Backup, TarAndSha256sumReadIt) {
  ASSERT_TRUE(back_up({.master_key = MasterKeyPart::kIncluded, .journal = JournalPart::kIncluded}));
  const std::string command =
      fmt::format("mkdir {0} && tar -xf {1} -C {0} && cd {0} && sha256sum --quiet -c SHA256SUMS",
                  (folder_ / "tar").string(), file_.string());
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read(folder_ / "tar" / "journal" / "1"), read(data_ / "journal/1"));
}

// Sealing a segment cuts it to its length, between any two system calls of a backup.
TEST_F(Backup, AFileThatIsCutMeanwhileKeepsItsLengthInZeros) {
  const fs::path source = folder_ / "00000001.segment";
  const std::string content(600'000, 'j');
  write(source, content);
  const sandbox::Descriptor fd(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
  auto writer = ArchiveWriter::create(file_);
  ASSERT_TRUE(writer && fd.valid());
  fs::resize_file(source, 1000);
  const auto added = writer->add_shrinking("journal/1", fd, content.size());
  ASSERT_TRUE(added) << added.error().message;
  ASSERT_TRUE(writer->add("roost.db", data_ / "roost.db"));
  ASSERT_TRUE(writer->finish());
  ASSERT_TRUE(restore());
  EXPECT_EQ(read(folder_ / "restored" / "journal" / "1"),
            content.substr(0, 1000) + std::string(content.size() - 1000, '\0'));
}

// As a server that runs has it: one is deleted once its name was read, one is not made yet.
TEST_F(Backup, FilesOfTheJournalThatComeAndGoAreNoError) {
  fs::create_symlink("gone", data_ / "journal" / "00000002.segment");
  write(data_ / "journal" / "00000003.index.tmp", "half");
  fs::create_directory(data_ / "journal" / "lost+found");
  // Nor are those of others, which a restore would refuse.
  write(data_ / "journal" / ".DS_Store", "x");
  write(data_ / "journal" / std::string(120, 'x'), "x");
  const auto parts = back_up({.journal = JournalPart::kIncluded});
  ASSERT_TRUE(parts) << parts.error().message;
  EXPECT_EQ(*parts, (Names{"roost.db", "data.db", "roost.toml", "journal/1"}));
  EXPECT_TRUE(restore());
}

TEST_F(Backup, ALongJournalIsReadAgain) {
  constexpr int kFiles = 7000;  // whose digests are over 1 MiB
  for (int i = 0; i < kFiles; ++i) {
    write(data_ / "journal" / fmt::format("{:080}.segment", i), "x");
  }
  ASSERT_TRUE(back_up({.journal = JournalPart::kIncluded}));
  const auto archive = Archive::open(file_);
  ASSERT_TRUE(archive) << archive.error().message;
  EXPECT_EQ(archive->members().size(), kFiles + 4U);
}

TEST_F(Backup, NoFolderOfAServerIsRefused) {
  const auto none = server::back_up(folder_ / "nowhere", file_, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, base::Code::kNotFound);
  EXPECT_NE(none.error().message.find("--data"), std::string::npos);
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(Backup, FolderThatCannotBeLookedIntoIsNotCalledEmpty) {
  fs::create_symlink("loop", folder_ / "loop");
  const auto looped = server::back_up(folder_ / "loop", file_, {});
  ASSERT_FALSE(looped);
  EXPECT_EQ(looped.error().code, base::Code::kStorage);
  EXPECT_NE(looped.error().message.find("symbolic links"), std::string::npos)
      << looped.error().message;
}

TEST_F(Backup, WhatCannotBeReadLeavesTheOneBefore) {
  ASSERT_TRUE(back_up());
  const std::string before = read(file_);
  write(data_ / "data.db", std::string(8192, 'x'));
  fs::remove(data_ / "data.db-wal");
  EXPECT_FALSE(back_up());
  EXPECT_EQ(read(file_), before);
  EXPECT_EQ(files(), 2U);
}

TEST_F(Backup, OnlyAnEmptyFolderIsFilled) {
  ASSERT_TRUE(back_up());
  fs::create_directory(folder_ / "restored");
  write(folder_ / "restored" / "mine", "x");
  const auto refused = restore();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kAlreadyExists);
  fs::remove(folder_ / "restored" / "mine");
  EXPECT_TRUE(restore());
  EXPECT_FALSE(restore()) << "the second time it is not empty";
}

// Each byte counts: of headers, of the digests, of what is in it.
TEST_F(Backup, DamagedFileChangesNothing) {
  ASSERT_TRUE(back_up());
  const std::string whole = read(file_);
  for (std::size_t at = 0; at < whole.size(); at += 997) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write(file_, damaged);
    const auto restored = restore();
    if (restored) {
      // Only what nobody reads: the space behind a part. What was restored is whole.
      EXPECT_EQ(value(folder_ / "restored" / "data.db"), "data.db");
      fs::remove_all(folder_ / "restored");
    }
    EXPECT_FALSE(fs::exists(folder_ / "restored")) << at;
  }
  std::string damaged = whole;
  damaged[512 + 100] = static_cast<char>(damaged[512 + 100] ^ 1);
  write(file_, damaged);
  const auto restored = restore();
  ASSERT_FALSE(restored);
  EXPECT_NE(restored.error().message.find("roost.db does not have its digest"), std::string::npos)
      << restored.error().message;
}

TEST_F(Backup, WhatFollowsItsEndIsRefused) {
  ASSERT_TRUE(back_up());
  const std::string whole = read(file_);
  for (const std::string& more : {std::string("x"), std::string(512, '\0'), whole}) {
    write(file_, whole + more);
    const auto restored = restore();
    ASSERT_FALSE(restored);
    EXPECT_NE(restored.error().message.find("something follows its end"), std::string::npos);
  }
}

TEST_F(Backup, EveryTruncationIsRefused) {
  ASSERT_TRUE(back_up());
  const std::string whole = read(file_);
  for (std::size_t size = 0; size < whole.size(); size += 509) {
    write(file_, whole.substr(0, size));
    EXPECT_FALSE(restore()) << size;
    EXPECT_FALSE(fs::exists(folder_ / "restored"));
  }
}

TEST_F(Backup, NamesThatLeadElsewhereAreRefused) {
  for (const char* name :
       {"../evil", "/evil", "journal/../evil", "journal/.", "journal/", "lock"}) {
    fs::remove(file_);
    auto archive = ArchiveWriter::create(file_);
    ASSERT_TRUE(archive);
    ASSERT_TRUE(archive->add("roost.db", data_ / "roost.db"));
    ASSERT_TRUE(archive->add(name, data_ / "roost.toml"));
    ASSERT_TRUE(archive->finish());
    ASSERT_TRUE(Archive::open(file_)) << name;
    const auto restored = restore();
    ASSERT_FALSE(restored) << name;
    EXPECT_NE(restored.error().message.find("is not a backup of roost"), std::string::npos);
    EXPECT_FALSE(fs::exists(folder_ / "restored"));
  }
}

TEST_F(Backup, RestoreThatDidNotEndIsNotServed) {
  fs::create_directories(folder_ / "restored" / kRestoringName);
  const auto folder = DataFolder::open(folder_ / "restored");
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("restore again"), std::string::npos);
}

}  // namespace
}  // namespace server
