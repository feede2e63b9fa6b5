// SPDX-License-Identifier: Apache-2.0
// Words that must not stand in some part of the tree. Each ban says where it holds and what to
// write instead, so that a refusal is also advice.
#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tidy/code.h"
#include "tidy/ranks.h"
#include "tidy/rules.h"

namespace strata::tidy {
namespace {

enum class Where {
  kRanks0To3,  // no operating system, no heap
  kRanks0To4,  // no text formatting by the C library
  kNoSystem,   // everything but the folders that may call the operating system
  kNoThreads,  // the product, but for the folders that may call the operating system
  kStackSide,  // all of src, include and apps
  kPrograms,   // the same, and the benchmarks
  kHeaders,    // headers of the product
  kUnits,      // tests
  kPureUnits,  // tests that need nothing a machine might refuse
  kEverywhere,
};

struct Ban {
  std::string_view word;
  Where where;
  std::string_view instead;
  std::string_view except = {};  // the one place that implements the replacement
};

constexpr std::string_view kNow = "the `now` argument (strata/time.h)";
constexpr std::string_view kSeeded = "strata::Rng, seeded by whoever built the stack";
constexpr std::string_view kOneThread = "nothing: a stack belongs to one thread";
constexpr std::string_view kMemory = "strata::Memory and the containers of src/base";
constexpr std::string_view kText = "fmt above rank 3; values and counters below";
constexpr std::string_view kPrint =
    "service::print (service/print.h): fmt::print throws on a full disk";
constexpr std::string_view kVirtual = "virtual time: pass a later `now`, or run a sim::World";

constexpr Ban kBans[] = {
    {"steady_clock", Where::kNoSystem, kNow},
    {"system_clock", Where::kNoSystem, kNow},
    {"high_resolution_clock", Where::kEverywhere, "strata/real_clock.h"},
    {"clock_gettime(", Where::kNoSystem, kNow},
    {"gettimeofday(", Where::kEverywhere, "strata/real_clock.h"},
    {"std::time(", Where::kNoSystem, kNow},
    {"std::clock(", Where::kNoSystem, kNow},
    {"timespec_get(", Where::kNoSystem, kNow},
    {"random_device", Where::kNoSystem, kSeeded},
    {"getrandom(", Where::kNoSystem, kSeeded},
    {"getentropy(", Where::kNoSystem, kSeeded},
    {"rand(", Where::kEverywhere, kSeeded},
    {"srand(", Where::kEverywhere, kSeeded},
    {"mt19937", Where::kEverywhere, kSeeded},
    {"std::thread", Where::kNoThreads, kOneThread},
    {"std::jthread", Where::kNoThreads, kOneThread},
    {"std::mutex", Where::kNoThreads, kOneThread},
    {"std::shared_mutex", Where::kNoThreads, kOneThread},
    {"std::recursive_mutex", Where::kNoThreads, kOneThread},
    {"std::condition_variable", Where::kNoThreads, kOneThread},
    {"std::async", Where::kNoThreads, kOneThread},
    {"pthread_create(", Where::kNoThreads, kOneThread},
    {"std::this_thread", Where::kNoThreads, "a deadline: next_deadline() and on_deadline()"},
    {"thread_local", Where::kRanks0To4, kOneThread},
    {"malloc(", Where::kStackSide, kMemory, "src/base/heap_memory.cpp"},
    {"calloc(", Where::kStackSide, kMemory},
    {"realloc(", Where::kStackSide, kMemory},
    {"aligned_alloc(", Where::kStackSide, kMemory, "src/base/heap_memory.cpp"},
    {"posix_memalign(", Where::kStackSide, kMemory},
    {"strdup(", Where::kStackSide, kMemory},
    {"std::free(", Where::kStackSide, kMemory, "src/base/heap_memory.cpp"},
    {"std::nothrow", Where::kRanks0To3, kMemory},
    {"std::make_unique", Where::kRanks0To3, kMemory},
    {"std::make_shared", Where::kRanks0To3, kMemory},
    {"std::shared_ptr", Where::kRanks0To3, "base/slab.h, or reference counts as in Packet"},
    {"std::vector", Where::kRanks0To3, "base/vector.h"},
    {"std::string", Where::kRanks0To3, "std::string_view or a fixed text"},
    {"std::function", Where::kRanks0To3, "strata/inline_function.h"},
    {"std::unordered_map", Where::kRanks0To3, "base/hash_index.h"},
    {"std::map", Where::kRanks0To3, "base/hash_index.h"},
    {"std::multimap", Where::kRanks0To3, "base/hash_index.h"},
    {"std::unordered_set", Where::kRanks0To3, "base/hash_index.h"},
    {"std::set", Where::kRanks0To3, "base/interval_set.h or base/hash_index.h"},
    {"std::any", Where::kRanks0To3, "std::variant"},
    {"std::to_string", Where::kRanks0To3, kText},
    {"std::deque", Where::kRanks0To3, "base/ring.h"},
    {"std::list", Where::kRanks0To3, "base/intrusive_list.h"},
    {"throw", Where::kRanks0To3, "Result<T>, Parsed<T> or STRATA_CHECK"},
    {"try", Where::kRanks0To3, "Result<T>, Parsed<T> or STRATA_CHECK"},
    {"dynamic_cast", Where::kStackSide, "an enum or a virtual function"},
    {"typeid", Where::kRanks0To3, "an enum"},
    {"std::format", Where::kEverywhere, "fmt (libstdc++ 12 has no std::format)"},
    {"std::print", Where::kEverywhere, "fmt (libstdc++ 12 has no std::print)"},
    {"std::generator", Where::kEverywhere, "next_*() (libstdc++ 12 has no std::generator)"},
    {"std::cout", Where::kStackSide, kPrint},
    {"std::cerr", Where::kStackSide, kPrint},
    {"fmt::print(", Where::kPrograms, kPrint},
    {"fputs(", Where::kPrograms, kPrint},
    {"printf(", Where::kRanks0To4, kText},
    {"fprintf(", Where::kRanks0To4, kText},
    {"sprintf(", Where::kEverywhere, "fmt::format_to"},
    {"snprintf(", Where::kRanks0To4, kText},
    {"vsnprintf(", Where::kRanks0To4, kText},
    {"puts(", Where::kRanks0To4, kText},
    {"assert(", Where::kStackSide, "STRATA_CHECK, which is on in release too"},
    {"std::abort(", Where::kRanks0To4, "STRATA_CHECK", "src/base/check.cpp"},
    {"this_thread::sleep_for", Where::kUnits, kVirtual},
    {"this_thread::sleep_until", Where::kUnits, kVirtual},
    {"sleep(", Where::kUnits, kVirtual},
    {"usleep(", Where::kUnits, kVirtual},
    {"nanosleep(", Where::kUnits, kVirtual},
    {"EXPECT_TRUE(true)", Where::kUnits, "an expectation that can fail"},
    {"ASSERT_TRUE(true)", Where::kUnits, "an expectation that can fail"},
    {"SUCCEED(", Where::kUnits, "an expectation that can fail"},
    {"GTEST_SKIP", Where::kPureUnits, "a test that runs everywhere, or a script in tests/interop"},
    {"DISABLED_", Where::kUnits, "a test that runs"},
    {"using namespace", Where::kHeaders,
     "the names one by one: who includes it asked for no others"},
    {"NDEBUG", Where::kEverywhere, "nothing: every build checks the same things"},
};

static_assert(std::ranges::none_of(kBans, [](const Ban& ban) { return ban.instead.empty(); }));

// Folders whose business is the operating system, and what tests and measures those.
constexpr std::array<std::string_view, 9> kSystemFolders = {
    "driver", "runtime", "socket/posix", "attach", "service", "ring", "capi", "apps", "bench"};
constexpr std::array<std::string_view, 5> kSystemTests = {
    "tests/driver", "tests/runtime", "tests/support", "tests/service", "tests/apps"};

bool may_call_the_system(const File& file, const Place& place) {
  return std::ranges::find(kSystemFolders, place.folder) != kSystemFolders.end() ||
         std::ranges::any_of(kSystemTests,
                             [&](std::string_view folder) { return file.is_under(folder); });
}

bool is_product(const File& file) {
  return file.is_under("src") || file.is_under("include") || file.is_under("apps");
}

bool holds(Where where, const File& file, const Place& place) {
  switch (where) {
    case Where::kRanks0To3: return place.rank <= 3;
    case Where::kRanks0To4: return place.rank <= 4;
    case Where::kNoSystem: return !may_call_the_system(file, place);
    case Where::kNoThreads: return is_product(file) && !may_call_the_system(file, place);
    case Where::kStackSide: return is_product(file);
    case Where::kPrograms: return is_product(file) || file.is_under("bench");
    case Where::kHeaders: return is_product(file) && file.path.ends_with(".h");
    case Where::kUnits: return file.is_under("tests");
    case Where::kPureUnits: return file.is_under("tests") && !may_call_the_system(file, place);
    case Where::kEverywhere: return true;
  }
  return true;
}

// `new` is a keyword that also places objects into memory one has: `new (place) T` is welcome.
bool allocates(std::string_view line) {
  for (std::size_t at = find_word(line, "new"); at != std::string_view::npos;
       at = find_word(line, "new", at + 1)) {
    const std::size_t next = line.find_first_not_of(' ', at + 3);
    if (next == std::string_view::npos || line[next] != '(') return true;
  }
  return false;
}

// Names that promise nothing. They are told by how a type's declaration ends.
std::optional<std::string> vague_name(std::string_view line) {
  for (const std::string_view keyword : {"class", "struct"}) {
    const std::size_t at = find_word(line, keyword);
    if (at == std::string_view::npos) continue;
    std::string_view name = line.substr(at + keyword.size());
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    name = name.substr(0, name.find_first_of(" :;{<"));
    for (const std::string_view ending : {"Manager", "Helper", "Util", "Utils"}) {
      if (name.ends_with(ending)) return std::string(name);
    }
  }
  return std::nullopt;
}

// What the standard library, the compiler and Asio look for by these names.
bool is_foreign_name(std::string_view name) {
  constexpr std::array<std::string_view, 7> kForeign = {
      "get_if<",        "get_return_object(",     "get_executor(",
      "get_allocator(", "get_cancellation_slot(", "get_default_",
      "get_option("};
  return std::ranges::any_of(kForeign, [&](std::string_view one) { return name.starts_with(one); });
}

// A macro of a public header is the business of all who include it. Asio has its own for whoever
// sets it up.
bool is_greedy_macro(const File& file, std::string_view line) {
  constexpr std::string_view kDefine = "define";
  if (!file.is_under("include") || directive_of(line) != kDefine) return false;
  std::string_view name = line.substr(line.find(kDefine) + kDefine.size());
  name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
  return !name.starts_with("STRATA_") && !name.starts_with("ASIO_");
}

void check_line(const File& file, int rank, std::size_t number, std::span<const Ban* const> bans,
                Findings& findings) {
  const std::string_view line = file.code[number - 1];
  const std::string_view directive = directive_of(line);
  if (directive == "include" || directive == "error" || directive == "pragma") return;
  for (const Ban* ban : bans) {
    if (find_word(line, ban->word) == std::string_view::npos) continue;
    findings.push_back(
        {file.path, number,
         "`" + std::string(ban->word) + "` is banned here; use " + std::string(ban->instead)});
  }
  if (rank <= 3 && allocates(line)) {
    findings.push_back({file.path, number, "`new` is banned here; use " + std::string(kMemory)});
  }
  if (!is_product(file)) return;
  if (is_greedy_macro(file, line)) {
    findings.push_back({file.path, number, "a macro of a public header is named STRATA_..."});
  }
  if (const std::size_t at = line.find("get_"); at != std::string_view::npos) {
    // A member that is called, a.get_x(), may be somebody else's.
    const bool starts = at == 0 || line[at - 1] == ' ';
    if (starts && !is_foreign_name(line.substr(at))) {
      findings.push_back({file.path, number, "`get_` says nothing; name what it returns"});
    }
  }
  if (const auto name = vague_name(line)) {
    findings.push_back({file.path, number, "`" + *name + "` says nothing; name what it does"});
  }
}

}  // namespace

Findings check_bans(const Tree& tree) {
  Findings findings;
  for (const File& file : tree.files()) {
    const std::optional<Place> place = place_of(file.path);
    if (!file.is_source() || !place) continue;
    std::vector<const Ban*> bans;
    for (const Ban& ban : kBans) {
      if (holds(ban.where, file, *place) && file.path != ban.except) bans.push_back(&ban);
    }
    for (std::size_t line = 1; line <= file.code.size(); ++line) {
      check_line(file, place->rank, line, bans, findings);
    }
  }
  return findings;
}

}  // namespace strata::tidy
