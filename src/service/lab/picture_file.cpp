// SPDX-License-Identifier: Apache-2.0
#include "service/lab/picture_file.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cmath>
#include <cstddef>

namespace strata::service {
namespace {

constexpr double kScale = 2;  // pixels for each of SVG's: screens are finer than those
constexpr double kSideMax = 32'000;

// What is used of librsvg 2.52 and later, and of cairo, as their manuals have it.
struct Rasteriser {
  struct Rectangle {
    double x, y, width, height;
  };
  using Write = int (*)(void* to, const unsigned char* bytes, unsigned count);

  void* (*read)(const unsigned char* data, std::size_t size, void** error) = nullptr;
  int (*size_of)(void* picture, double* width, double* height) = nullptr;
  int (*render)(void* picture, void* canvas, const Rectangle* where, void** error) = nullptr;
  void (*unreference)(void* object) = nullptr;
  void* (*make_surface)(int format, int width, int height) = nullptr;
  void* (*make_canvas)(void* surface) = nullptr;
  int (*write_png)(void* surface, Write write, void* to) = nullptr;
  void (*end_canvas)(void* canvas) = nullptr;
  void (*end_surface)(void* surface) = nullptr;

  [[nodiscard]] bool is_there() const {
    return read != nullptr && size_of != nullptr && render != nullptr && unreference != nullptr &&
           make_surface != nullptr && make_canvas != nullptr && write_png != nullptr &&
           end_canvas != nullptr && end_surface != nullptr;
  }
};

template <typename Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
}

// Cairo and GObject come with librsvg, which is built on them.
Rasteriser load() {
  Rasteriser all;
  void* const library = ::dlopen("librsvg-2.so.2", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return all;
  find(library, "rsvg_handle_new_from_data", all.read);
  find(library, "rsvg_handle_get_intrinsic_size_in_pixels", all.size_of);
  find(library, "rsvg_handle_render_document", all.render);
  find(library, "g_object_unref", all.unreference);
  find(library, "cairo_image_surface_create", all.make_surface);
  find(library, "cairo_create", all.make_canvas);
  find(library, "cairo_surface_write_to_png_stream", all.write_png);
  find(library, "cairo_destroy", all.end_canvas);
  find(library, "cairo_surface_destroy", all.end_surface);
  return all;
}

const Rasteriser& rasteriser() {
  static const Rasteriser all = load();
  return all;
}

int append(void* to, const unsigned char* bytes, unsigned count) {
  static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
  return 0;
}

// Empty: it could not be drawn.
std::string drawn(const Rasteriser& all, void* picture) {
  Rasteriser::Rectangle where{};
  if (all.size_of(picture, &where.width, &where.height) == 0) return {};
  where.width = std::ceil(where.width * kScale);
  where.height = std::ceil(where.height * kScale);
  if (!(where.width >= 1 && where.height >= 1 && where.width <= kSideMax &&
        where.height <= kSideMax)) {
    return {};
  }
  constexpr int kArgb32 = 0;
  void* const surface =
      all.make_surface(kArgb32, static_cast<int>(where.width), static_cast<int>(where.height));
  void* const canvas = all.make_canvas(surface);
  std::string png;
  // A surface that could not be made takes every call, and the last of them says so.
  const bool is_drawn = all.render(picture, canvas, &where, nullptr) != 0;
  if (!is_drawn || all.write_png(surface, append, &png) != 0) png.clear();
  all.end_canvas(canvas);
  all.end_surface(surface);
  return png;
}

}  // namespace

Outcome<PictureFormat> picture_format(std::string_view path) {
  if (path.ends_with(".svg")) return PictureFormat::kSvg;
  if (!path.ends_with(".png")) {
    return failed(fmt::format("'{}' is no picture's name: it ends in .svg or .png", path));
  }
  if (rasteriser().is_there()) return PictureFormat::kPng;
  return failed(fmt::format("{}: PNG needs librsvg 2.52 or later, which is not here", path),
                "sudo apt-get install librsvg2-2  (or draw an .svg)");
}

Outcome<std::string> picture_bytes(const std::string& svg, PictureFormat format) {
  if (format == PictureFormat::kSvg) return svg;
  const Rasteriser& all = rasteriser();
  void* const picture =
      all.is_there()
          ? all.read(reinterpret_cast<const unsigned char*>(svg.data()), svg.size(), nullptr)
          : nullptr;
  std::string png = picture == nullptr ? std::string() : drawn(all, picture);
  if (picture != nullptr) all.unreference(picture);
  if (png.empty()) return failed("librsvg does not draw this picture");
  return png;
}

}  // namespace strata::service
