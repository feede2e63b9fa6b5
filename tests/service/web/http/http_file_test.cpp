// SPDX-License-Identifier: Apache-2.0
#include "service/web/http/http_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "driver/descriptor.h"
#include "service/lab.h"

namespace strata::service::http_file_test {
namespace {

namespace fs = std::filesystem;

void put(const std::string& path, std::string_view text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// secret            outside
// www/index.html, a.txt, docs/index.html, empty/, out -> ../secret, in -> a.txt
class HttpFileTest : public testing::Test {
 protected:
  HttpFileTest() {
    put(above.path + "/secret", "secret");
    put(www + "/index.html", "<html>");
    put(www + "/a.txt", "0123456789");
    put(www + "/docs/index.html", "docs");
    fs::create_directories(www + "/empty");
    fs::create_symlink("../secret", www + "/out");
    fs::create_symlink(above.path + "/secret", www + "/absolute");
    fs::create_symlink("a.txt", www + "/in");
    fs::create_symlink("loop", www + "/loop");
    folder = driver::Descriptor(::open(www.c_str(), O_PATH | O_DIRECTORY));
  }
  // The text, or the status.
  std::string ask(std::string_view path) {
    const auto file = HttpFile::open(folder.get(), path);
    if (!file) return std::to_string(file.error());
    std::array<std::byte, 100> buffer;
    const std::size_t count = file->read(0, buffer);
    EXPECT_EQ(count, file->size());
    return std::string(reinterpret_cast<const char*>(buffer.data()), count);
  }

  TemporaryFolder above;
  std::string www = above.path + "/www";
  driver::Descriptor folder;
};

TEST_F(HttpFileTest, IsFoundByPathAndNeverOutsideItsFolder) {
  struct Row {
    std::string path;
    const char* answer;
  };
  for (const Row& row : {
           Row{"/", "<html>"},
           Row{"", "<html>"},
           Row{"/index.html", "<html>"},
           Row{"/a.txt", "0123456789"},
           Row{"//a.txt", "0123456789"},
           Row{"/./a.txt", "0123456789"},
           Row{"/docs/../a.txt", "0123456789"},
           Row{"/in", "0123456789"},
           Row{"/docs/", "docs"},
           Row{"/docs", "301"},
           Row{"/empty/", "404"},
           Row{"/none", "404"},
           Row{"/a.txt/b", "404"},
           Row{"/a.txt/", "404"},
           Row{"/" + std::string(5000, 'a'), "404"},
           Row{"/../secret", "403"},
           Row{"/docs/../../secret", "403"},
           Row{"/..", "403"},
           Row{"/../www/a.txt", "403"},
           Row{"/out", "403"},
           Row{"/absolute", "403"},
           Row{"/loop", "403"},
           Row{"/" + above.path + "/secret", "404"},
       }) {
    EXPECT_EQ(ask(row.path), row.answer) << row.path.substr(0, 60);
  }
}

// Neither may opening them wait, nor can they be read.
TEST_F(HttpFileTest, RefusesWhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo((www + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(ask("/pipe"), "403");
}

TEST_F(HttpFileTest, ReadsPartsAndNothingBehindTheEnd) {
  const auto file = HttpFile::open(folder.get(), "/a.txt");
  ASSERT_TRUE(file.has_value());
  std::array<std::byte, 4> buffer;
  EXPECT_EQ(file->read(8, buffer), 2U);
  EXPECT_EQ(static_cast<char>(buffer[0]), '8');
  EXPECT_EQ(file->read(10, buffer), 0U);
  put(www + "/large", std::string(HttpFile::kSmallMax + 1, 'm'));
  const auto large = HttpFile::open(folder.get(), "/large");
  ASSERT_TRUE(large.has_value());
  EXPECT_EQ(large->read(HttpFile::kSmallMax, buffer), 1U);
  fs::resize_file(www + "/large", 3);
  EXPECT_EQ(large->read(3, buffer), 0U) << "it has become shorter";
}

TEST_F(HttpFileTest, HoldsAllOfWhatIsSmall) {
  EXPECT_EQ(HttpFile::open(folder.get(), "/a.txt")->bytes(), "0123456789");
  put(www + "/most", std::string(HttpFile::kSmallMax, 'm'));
  EXPECT_EQ(HttpFile::open(folder.get(), "/most")->bytes().size(), HttpFile::kSmallMax);
  put(www + "/more", std::string(HttpFile::kSmallMax + 1, 'm'));
  const auto large = HttpFile::open(folder.get(), "/more");
  EXPECT_TRUE(large->bytes().empty());
  EXPECT_EQ(large->size(), HttpFile::kSmallMax + 1);
  EXPECT_TRUE(large->is_open());
  EXPECT_FALSE(HttpFile::open(folder.get(), "/most")->is_open());
  put(www + "/none", "");
  EXPECT_FALSE(HttpFile::open(folder.get(), "/none")->is_open());
}

// RFC 9110 8.8.1: a strong tag changes whenever the text does.
TEST_F(HttpFileTest, HasATagThatChangesWithIt) {
  const std::string path = www + "/a.txt";
  const auto tag = [&] { return HttpFile::open(folder.get(), "/a.txt")->entity_tag(); };
  const std::string first = tag();
  EXPECT_TRUE(first.starts_with('"') && first.ends_with('"')) << first;
  EXPECT_EQ(tag(), first);
  fs::last_write_time(path, fs::last_write_time(path) + std::chrono::nanoseconds(1000));
  EXPECT_NE(tag(), first) << "a later time";
  put(path, "longer than before");
  EXPECT_NE(tag(), first) << "another size";
}

TEST_F(HttpFileTest, MovesWithItsDescriptor) {
  auto first = HttpFile::open(folder.get(), "/a.txt");
  ASSERT_TRUE(first.has_value());
  HttpFile moved(std::move(*first));
  auto other = HttpFile::open(folder.get(), "/docs/");
  ASSERT_TRUE(other.has_value());
  moved = std::move(*other);
  std::array<std::byte, 10> buffer;
  EXPECT_EQ(moved.read(0, buffer), 4U);
  EXPECT_EQ(moved.size(), 4U);
  EXPECT_EQ(moved.content_type(), "text/html; charset=utf-8");
}

TEST(PathOfTarget, UndoesPercentsAndCutsTheQuery) {
  struct Row {
    std::string_view target;
    std::optional<std::string> path;
  };
  for (const Row& row : {
           Row{"/", "/"},
           Row{"/a?b#c", "/a"},
           Row{"/a%20b", "/a b"},
           Row{"/%2e%2E/x", "/../x"},
           Row{"/%252e", "/%2e"},
           Row{"/%41", "/A"},
           Row{"/?%zz", "/"},
           Row{"http://host:80/a?b", "/a"},
           Row{"HTTP://host", "/"},
           Row{"http://host?x=/a", "/"},
           Row{"", std::nullopt},
           Row{"*", std::nullopt},
           Row{"a", std::nullopt},
           Row{"ftp://host/a", std::nullopt},
           Row{"/%", std::nullopt},
           Row{"/%4", std::nullopt},
           Row{"/%4g", std::nullopt},
           Row{"/%00", std::nullopt},
       }) {
    EXPECT_EQ(path_of_target(row.target), row.path) << row.target;
  }
}

TEST(ContentTypeOf, GoesByTheEnding) {
  EXPECT_EQ(content_type_of("a/b.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("x.tar.gz"), "application/gzip");
  EXPECT_EQ(content_type_of("x.unknown"), "application/octet-stream");
  EXPECT_EQ(content_type_of("html"), "application/octet-stream");
}

TEST(ReadRange, KnowsOneRangeAndIgnoresTheRest) {
  using enum RangeVerdict;
  struct Row {
    std::string_view field;
    std::uint64_t size;
    RangeVerdict verdict;
    ByteRange range;
  };
  for (const Row& row : {
           Row{"bytes=0-0", 10, kPart, {0, 0}},
           Row{"bytes=2-5", 10, kPart, {2, 5}},
           Row{"bytes=2-", 10, kPart, {2, 9}},
           Row{"bytes=2-99", 10, kPart, {2, 9}},
           Row{"bytes=9-9", 10, kPart, {9, 9}},
           Row{"bytes=-3", 10, kPart, {7, 9}},
           Row{"bytes=-99", 10, kPart, {0, 9}},
           Row{"bytes=10-", 10, kUnsatisfiable, {}},
           Row{"bytes=-0", 10, kUnsatisfiable, {}},
           Row{"bytes=0-", 0, kUnsatisfiable, {}},
           Row{"bytes=-1", 0, kUnsatisfiable, {}},
           Row{"", 10, kWhole, {}},
           Row{"bytes=", 10, kWhole, {}},
           Row{"bytes=-", 10, kWhole, {}},
           Row{"bytes=5-2", 10, kWhole, {}},
           Row{"bytes=1-2,4-5", 10, kWhole, {}},
           Row{"lines=1-2", 10, kWhole, {}},
           Row{"bytes=a-b", 10, kWhole, {}},
           Row{"bytes=1-2x", 10, kWhole, {}},
           Row{"bytes=99999999999999999999-", 10, kWhole, {}},
       }) {
    const RangeAnswer answer = read_range(row.field, row.size);
    EXPECT_EQ(answer.verdict, row.verdict) << row.field;
    EXPECT_EQ(answer.range, row.range) << row.field;
  }
}

}  // namespace
}  // namespace strata::service::http_file_test
