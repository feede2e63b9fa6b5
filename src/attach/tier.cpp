// SPDX-License-Identifier: Apache-2.0
#include "attach/tier.h"

#include <elf.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace strata::attach {
namespace {

constexpr int kInterpretersMax = 4;  // as the kernel follows them
constexpr std::size_t kSegmentBytesMax = 64U << 10U;
#if defined(__x86_64__)
constexpr int kMachine = EM_X86_64;
#else
constexpr int kMachine = EM_AARCH64;
#endif

std::string search(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/bin:/usr/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string found = (folder.empty() ? "." : folder) + "/" + program;
    if (::access(found.c_str(), X_OK) == 0) return found;
  }
  return program;
}

template <typename T>
bool read_at(std::ifstream& file, std::uint64_t offset, T& into) {
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  return static_cast<bool>(file.read(reinterpret_cast<char*>(&into), sizeof(into)));
}

std::string segment(std::ifstream& file, const Elf64_Phdr& header) {
  std::string bytes(std::min<std::size_t>(header.p_filesz, kSegmentBytesMax), '\0');
  file.clear();
  file.seekg(static_cast<std::streamoff>(header.p_offset));
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

// Go's linker leaves a note of its own; its runtime makes system calls without libc.
bool is_note_of_go(const std::string& notes) {
  constexpr std::string_view kName("Go\0\0", 4);
  for (std::size_t at = 0; at + sizeof(Elf64_Nhdr) + kName.size() <= notes.size();) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes.data() + at, sizeof(note));
    const std::string_view name(notes.data() + at + sizeof(note), kName.size());
    if (note.n_namesz == kName.size() && name == kName) return true;
    constexpr std::size_t kAlignment = 3;
    at += sizeof(note) + ((std::size_t{note.n_namesz} + kAlignment) & ~kAlignment) +
          ((std::size_t{note.n_descsz} + kAlignment) & ~kAlignment);
  }
  return false;
}

std::expected<void, std::string> judge_program(std::ifstream& file) {
  Elf64_Ehdr head;
  if (!read_at(file, 0, head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return {};
  if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != kMachine) {
    return std::unexpected("it is of another machine");
  }
  std::string loader;
  for (unsigned i = 0; i < head.e_phnum; ++i) {
    Elf64_Phdr header;
    if (!read_at(file, head.e_phoff + std::uint64_t{i} * head.e_phentsize, header)) break;
    if (header.p_type == PT_INTERP) loader = segment(file, header);
    if (header.p_type == PT_NOTE && is_note_of_go(segment(file, header))) {
      return std::unexpected("it is a Go program, which calls the kernel past libc");
    }
  }
  if (loader.empty()) return std::unexpected("it is static");
  if (loader.find("/ld-linux") == std::string::npos) {
    return std::unexpected("its libc is not glibc");
  }
  return {};
}

// The interpreter, if it is a script.
std::optional<std::string> interpreter_of(std::ifstream& file) {
  std::string line;
  std::array<char, 2> mark{};
  if (!read_at(file, 0, mark) || mark != std::array{'#', '!'} || !std::getline(file, line)) {
    return std::nullopt;
  }
  std::istringstream words(line);
  std::string interpreter;
  words >> interpreter;
  return interpreter;
}

}  // namespace

std::expected<void, std::string> can_preload(const std::string& program) {
  std::string path = search(program);
  for (int depth = 0; depth < kInterpretersMax; ++depth) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return {};
    if (auto interpreter = interpreter_of(file)) {
      path = *std::move(interpreter);
      continue;
    }
    struct stat status{};
    const bool is_privileged =
        ::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_ISUID | S_ISGID)) != 0;
    if (is_privileged || ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0) {
      return std::unexpected("it has privileges of its own");
    }
    return judge_program(file);
  }
  return {};
}

}  // namespace strata::attach
