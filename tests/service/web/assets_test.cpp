// SPDX-License-Identifier: Apache-2.0
#include "service/web/assets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace strata::service::assets_test {
namespace {

using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const Asset* find(std::string_view path) {
  const auto assets = dashboard_assets();
  const auto place = std::ranges::find(assets, path, &Asset::path);
  return place == assets.end() ? nullptr : &*place;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The values of an attribute, src="..." say, in the order of the page.
std::vector<std::string> values_of(std::string_view page, std::string_view attribute) {
  const std::string opening = " " + std::string(attribute) + "=\"";
  std::vector<std::string> values;
  for (std::size_t at = page.find(opening); at != std::string_view::npos;
       at = page.find(opening, at + 1)) {
    const std::string_view rest = page.substr(at + opening.size());
    values.emplace_back(rest.substr(0, rest.find('"')));
  }
  return values;
}

TEST(DashboardAssets, AreTheFilesOfTheTreeByteForByte) {
  const std::filesystem::path web = std::filesystem::path(STRATA_SOURCE_DIR) / "web";
  std::set<std::string_view> paths;
  for (const Asset& asset : dashboard_assets()) {
    SCOPED_TRACE(asset.path);
    EXPECT_THAT(std::string(asset.path), Not(StartsWith("/")));
    EXPECT_TRUE(paths.insert(asset.path).second);
    if (asset.path.starts_with("vendor/")) continue;
    EXPECT_EQ(asset.bytes, content_of(web / asset.path));
  }
  EXPECT_TRUE(std::ranges::is_sorted(dashboard_assets(), {}, &Asset::path));
}

TEST(DashboardAssets, HaveAKindThatBrowsersTake) {
  for (const Asset& asset : dashboard_assets()) {
    EXPECT_NE(asset.content_type, "application/octet-stream") << asset.path;
    if (asset.path.ends_with(".js")) {
      EXPECT_EQ(asset.content_type, "text/javascript; charset=utf-8");
    }
  }
}

TEST(DashboardAssets, AreToldApartByTheirTags) {
  std::set<std::string_view> tags;
  for (const Asset& asset : dashboard_assets()) {
    EXPECT_EQ(asset.entity_tag.size(), 18U);
    EXPECT_THAT(std::string(asset.entity_tag), StartsWith("\""));
    EXPECT_THAT(std::string(asset.entity_tag), EndsWith("\""));
    EXPECT_TRUE(tags.insert(asset.entity_tag).second) << asset.path;
  }
}

TEST(DashboardAssets, HoldWhateverThePageNames) {
  const Asset* page = find("index.html");
  ASSERT_NE(page, nullptr);
  std::size_t named = 0;
  for (const std::string_view attribute : {"src", "href"}) {
    for (const std::string& value : values_of(page->bytes, attribute)) {
      if (value.starts_with("#")) continue;  // a view of the page itself
      EXPECT_NE(find(value), nullptr) << value;
      ++named;
    }
  }
  EXPECT_GE(named, 2U);
}

// What the content policy would refuse, and so would not run.
TEST(DashboardAssets, BringNoScriptOrStyleInline) {
  const Asset* page = find("index.html");
  ASSERT_NE(page, nullptr);
  const std::string text(page->bytes);
  EXPECT_THAT(text, Not(HasSubstr("<style")));
  EXPECT_THAT(text, Not(HasSubstr(" style=")));
  EXPECT_THAT(text, Not(HasSubstr("<script>")));
  EXPECT_THAT(text, Not(HasSubstr(" onclick=")));
  EXPECT_THAT(text, Not(HasSubstr("://")));
}

TEST(DashboardAssets, BringThePlottingLibrary) {
  const Asset* plot = find("vendor/uPlot.esm.js");
  ASSERT_NE(plot, nullptr);
  // Its stand-in where npm had nothing to offer.
  EXPECT_THAT(std::string(plot->bytes), AnyOf(HasSubstr("export { uPlot as default }"),
                                              HasSubstr("export default class NoPlot")));
  EXPECT_NE(find("vendor/uPlot.min.css"), nullptr);
}

}  // namespace
}  // namespace strata::service::assets_test
