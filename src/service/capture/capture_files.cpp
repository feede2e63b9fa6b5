// SPDX-License-Identifier: Apache-2.0
#include "service/capture/capture_files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace strata::service {

Outcome<std::unique_ptr<CaptureFiles>> CaptureFiles::create(CaptureFilesOptions options) {
  std::unique_ptr<CaptureFiles> files(new CaptureFiles(std::move(options)));
  if (files->is_row() && files->options_.path == "-") {
    return failed("a row of files needs a name", "-w FILE.pcapng");
  }
  if (!files->open_next()) return failed(files->failure_);
  return files;
}

std::string CaptureFiles::next_path() {
  if (!is_row()) return options_.path;
  const std::filesystem::path path(options_.path);
  std::filesystem::path name = path.stem();
  name += fmt::format("_{:05}", ++opened_);
  name += path.extension();
  return (path.parent_path() / name).string();
}

bool CaptureFiles::open_next() {
  std::string path = next_path();
  PcapWriterOptions options;
  options.wall_offset = options_.wall_offset;
  if (options_.snap_length != 0) options.snap_length = options_.snap_length;
  auto writer = PcapWriter::create(path, options);
  if (!writer) {
    failure_ = std::move(writer).error();
    return false;
  }
  writer_ = std::move(*writer);
  numbers_.clear();
  kept_.push_back(std::move(path));
  if (!is_row() || options_.files == 0 || kept_.size() <= options_.files) return true;
  // Somebody may have taken it away already.
  if (std::remove(kept_.front().c_str()) != 0 && errno != ENOENT) {
    failure_ = fmt::format("{}: {}", kept_.front(), std::strerror(errno));
    return false;
  }
  kept_.pop_front();
  return true;
}

bool CaptureFiles::is_full(Time at) const {
  if (writer_->packets_written() == 0) return false;
  if (options_.file_bytes != 0 && writer_->bytes_written() >= options_.file_bytes) return true;
  return options_.file_time != Duration{} && at - first_ >= options_.file_time;
}

std::uint32_t CaptureFiles::number_of(const PcapInterface& interface) {
  const auto [known, is_new] = numbers_.try_emplace({interface.name, interface.link_type}, 0U);
  if (is_new) known->second = writer_->add_interface(interface);
  return known->second;
}

bool CaptureFiles::write(const PcapInterface& interface, Time at, Bytes bytes,
                         const PcapWriter::Note& note) {
  if (!failure_.empty()) return false;
  if (is_full(at) && (!flush() || !open_next())) return false;
  if (writer_->packets_written() == 0) first_ = at;
  writer_->write(number_of(interface), at, bytes, note);
  if (!writer_->is_ok()) failure_ = writer_->failure();
  return failure_.empty();
}

bool CaptureFiles::flush() {
  if (failure_.empty() && !writer_->flush()) failure_ = writer_->failure();
  return failure_.empty();
}

}  // namespace strata::service
