// SPDX-License-Identifier: Apache-2.0
#include "service/capture/capture_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace strata::service::capture_files_test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

class CaptureFilesTest : public testing::Test {
 protected:
  CaptureFilesTest()
      : folder_(fs::temp_directory_path() / ("capture_files_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<CaptureFiles> create(CaptureFilesOptions options) {
    options.path = (folder_ / "seen.pcapng").string();
    auto files = CaptureFiles::create(std::move(options));
    EXPECT_TRUE(files) << (files ? "" : files.error().text);
    return files ? std::move(*files) : nullptr;
  }
  bool write(CaptureFiles& files, Time at, std::size_t size = 100) {
    const std::vector<std::byte> bytes(size);
    return files.write({.name = "eth0", .description = {}}, at, bytes, {.comment = "why"});
  }
  // The sizes of the packets of a file.
  std::vector<std::size_t> packets(const std::string& name) {
    auto reader = PcapReader::open((folder_ / name).string());
    std::vector<std::size_t> sizes;
    if (!reader) return sizes;
    while (true) {
      auto record = (*reader)->next();
      EXPECT_TRUE(record) << record.error();
      if (!record || !*record) break;
      EXPECT_EQ((*reader)->interfaces().at((*record)->interface).name, "eth0");
      EXPECT_EQ((*record)->comment, "why");
      sizes.push_back((*record)->bytes.size());
    }
    return sizes;
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      all.push_back(entry.path().filename().string());
    }
    std::ranges::sort(all);
    return all;
  }

  fs::path folder_;
};

TEST_F(CaptureFilesTest, IsOneFileUnlessAskedForMore) {
  auto files = create({});
  ASSERT_TRUE(files);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(write(*files, Time(seconds(i))));
  EXPECT_TRUE(files->flush());
  EXPECT_EQ(names(), std::vector<std::string>{"seen.pcapng"});
  EXPECT_EQ(packets("seen.pcapng").size(), 100U);
}

TEST_F(CaptureFilesTest, BeginsANewFileAtASize) {
  auto files = create({.path = {}, .file_bytes = 4000});
  ASSERT_TRUE(files);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(write(*files, Time(seconds(i)), 1000));
  EXPECT_TRUE(files->flush());
  EXPECT_EQ(names(), (std::vector<std::string>{"seen_00001.pcapng", "seen_00002.pcapng",
                                               "seen_00003.pcapng"}));
  EXPECT_EQ(packets("seen_00001.pcapng").size(), 4U);
  EXPECT_EQ(packets("seen_00003.pcapng").size(), 2U);
}

TEST_F(CaptureFilesTest, BeginsANewFileAfterATimeAndKeepsTheNewest) {
  auto files = create({.path = {}, .file_time = seconds(10), .files = 2});
  ASSERT_TRUE(files);
  for (int i = 0; i < 35; ++i) EXPECT_TRUE(write(*files, Time(seconds(100 + i))));
  EXPECT_TRUE(files->flush());
  EXPECT_EQ(names(), (std::vector<std::string>{"seen_00003.pcapng", "seen_00004.pcapng"}));
  EXPECT_EQ(packets("seen_00003.pcapng").size(), 10U);
  EXPECT_EQ(packets("seen_00004.pcapng").size(), 5U);
}

TEST_F(CaptureFilesTest, KeepsSoManyBytesOfEachPacket) {
  auto files = create({.path = {}, .snap_length = 64});
  ASSERT_TRUE(files);
  EXPECT_TRUE(write(*files, Time(seconds(1)), 1000));
  EXPECT_TRUE(files->flush());
  EXPECT_EQ(packets("seen.pcapng"), std::vector<std::size_t>{64});
}

TEST_F(CaptureFilesTest, SaysWhatCannotBeWritten) {
  const auto nowhere = CaptureFiles::create({.path = (folder_ / "no" / "way.pcapng").string()});
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().text.find("way.pcapng"), std::string::npos);
  EXPECT_FALSE(CaptureFiles::create({.path = "-", .file_bytes = 1}));

  auto files = create({.path = {}, .file_bytes = 100});
  ASSERT_TRUE(files);
  fs::create_directory(folder_ / "seen_00002.pcapng");  // in the way of the second
  EXPECT_TRUE(write(*files, Time(seconds(1))));
  EXPECT_FALSE(write(*files, Time(seconds(2))));
  EXPECT_NE(files->failure().find("seen_00002.pcapng"), std::string::npos);
  EXPECT_FALSE(write(*files, Time(seconds(3))));
}

}  // namespace
}  // namespace strata::service::capture_files_test
