// SPDX-License-Identifier: Apache-2.0
// Files that a user names: read whole, or refused.
#include "service/text_file.h"

#include <fstream>

#include "service/lab.h"

namespace strata::service::text_file_test {
namespace {

TEST(TextFile, IsReadWholeOrRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.path + "/f";
  std::ofstream(path) << "some\nlines\n";
  EXPECT_EQ(read_text_file(path).value_or(""), "some\nlines\n");
  std::ofstream(path) << std::string(kTextFileMax, 'x');
  EXPECT_TRUE(read_text_file(path).has_value());
  std::ofstream(path, std::ios::app) << 'x';
  EXPECT_FALSE(read_text_file(path).has_value());
  EXPECT_FALSE(read_text_file(folder.path).has_value());
  EXPECT_FALSE(read_text_file(folder.path + "/nothing").has_value());
}

}  // namespace
}  // namespace strata::service::text_file_test
