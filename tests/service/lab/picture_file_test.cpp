// SPDX-License-Identifier: Apache-2.0
#include "service/lab/picture_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "service/lab/diagram.h"
#include "strata/bytes.h"

namespace strata::service::picture_file_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string some_svg() {
  return diagram("A & B",
                 {{"Mbit/s", "seconds", {{.name = "one", .points = {{0, 1}, {1, 2}, {2, 1.5}}}}}});
}

TEST(PictureFile, TheEndingSaysWhatItIs) {
  EXPECT_EQ(picture_format("x.svg").value(), PictureFormat::kSvg);
  for (const char* name : {"x.jpg", "x", "", ".svg.gz", "x.SVG", "/dev/full"}) {
    const auto format = picture_format(name);
    ASSERT_FALSE(format.has_value()) << name;
    EXPECT_THAT(format.error().text, HasSubstr("ends in .svg or .png"));
  }
}

TEST(PictureFile, SvgIsLeftAsItIs) {
  EXPECT_EQ(picture_bytes(some_svg(), PictureFormat::kSvg).value(), some_svg());
}

TEST(PictureFile, PngHasTwoPixelsForEach) {
  if (const auto format = picture_format("x.png"); !format) {
    EXPECT_THAT(format.error().hint, HasSubstr("librsvg2-2"));
    GTEST_SKIP() << format.error().text;
  }
  const std::string svg = some_svg();
  const auto number_behind = [&](const char* key) {
    return static_cast<std::uint32_t>(std::stoul(svg.substr(svg.find(key) + std::strlen(key))));
  };
  const auto png = picture_bytes(svg, PictureFormat::kPng);
  ASSERT_TRUE(png.has_value()) << png.error().text;
  // RFC 2083 3.1, 11.2.1: the signature, and a header with width and height.
  EXPECT_THAT(*png, StartsWith("\x89PNG\r\n\x1a\n"));
  const auto* bytes = reinterpret_cast<const std::byte*>(png->data());
  EXPECT_EQ(load_big_endian<std::uint32_t>(bytes + 16), 2 * number_behind("width=\""));
  EXPECT_EQ(load_big_endian<std::uint32_t>(bytes + 20), 2 * number_behind("height=\""));
  EXPECT_GT(png->size(), 3000U) << "there is something to see";
  EXPECT_FALSE(picture_bytes("<svg", PictureFormat::kPng).has_value());
}

}  // namespace
}  // namespace strata::service::picture_file_test
