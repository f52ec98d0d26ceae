// What is said when no driver can be loaded, and that a broken one is never passed over.
#include <cstdint>
#include <sstream>
#include <vector>

#include "probe.hpp"

using probe::checkBegins;
using probe::contains;
using probe::Place;

namespace {

const std::string kNotFound = probe::errorLine(hbm::ErrorKind::kDriverNotFound);

// Ways in which a driver can be there and not work, and what the message must say.
struct Broken {
  std::string name;
  std::vector<std::string> texts;
};

const std::vector<Broken>& brokenDrivers() {
  static const std::vector<Broken> all{
      {"missing_symbol", {"functions are missing: hbUCPSubmitTask, hbDNNInferV2;", "older than this runtime needs"}},
      {"init_fails", {"libhbm_test_missing.so: cannot open shared object file"}},
      {"no_version", {"hbDNNGetVersion gives no version"}},
      {"only libhbucp.so", {"libdnn.so: cannot open shared object file"}},
      {"only libdnn.so", {"libhbucp.so: cannot open shared object file"}},
      {"text files", {"invalid ELF header"}},
      {"empty files", {"file too short"}},
  };
  return all;
}

void put(const Place& place, const std::string& folder, const std::string& name) {
  if (name == "only libhbucp.so" || name == "only libdnn.so") {
    place.put(folder, "null");
    probe::fs::remove(place.path(folder) + (name == "only libdnn.so" ? "/libhbucp.so" : "/libdnn.so"));
  } else if (name == "text files" || name == "empty files") {
    for (const char* library : {"/libhbucp.so", "/libdnn.so"}) {
      place.write(folder + library, name == "empty files" ? "" : std::string(200, 'x'));
    }
  } else {
    place.put(folder, name);
  }
}

void checkSays(const std::string& output, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (!contains(output, text)) {
      throw check::Failure{"no \"" + text + "\" in: " + output};
    }
  }
}

}  // namespace

TEST(without_any_driver_every_place_is_named_with_its_reason_and_what_to_do) {
  const Place place;
  const std::string output = place.run("info");
  checkBegins(output, kNotFound + "no BPU driver can be loaded; tried:");
  checkSays(output, {"\n  libhbucp.so, libdnn.so: libhbucp.so: cannot open shared object file",
                     "\n  " + place.path("bpusim/libhbucp.so") + ", " + place.path("bpusim/libdnn.so") + ": ",
                     "hobot-dnn", "HBM_RUNTIME_DRIVER"});
}

TEST(a_broken_driver_of_the_board_is_an_error_and_not_replaced_by_bpusim) {
  for (const Broken& broken : brokenDrivers()) {
    const Place place;
    put(place, "system", broken.name);
    place.put("bpusim", "null");
    const std::string output = place.run("info");
    checkBegins(output, kNotFound + "a BPU driver is installed but cannot be loaded:");
    checkSays(output, broken.texts);
    CHECK(contains(output, "/usr/hobot/lib/libhbucp.so"));
    CHECK(!contains(output, place.path("bpusim")));
  }
}

TEST(nor_is_one_that_the_dynamic_linker_finds) {
  for (const char* name : {"missing_symbol", "init_fails", "no_version", "only libhbucp.so"}) {
    const Place place;
    put(place, "linker", name);
    place.put("bpusim", "null");
    const std::string output = place.run("info", "LD_LIBRARY_PATH='" + place.path("linker") + "'");
    checkBegins(output, kNotFound + "a BPU driver is installed but cannot be loaded:");
    CHECK(!contains(output, place.path("bpusim")));
  }
}

TEST(a_chosen_driver_that_does_not_load_is_an_error_with_its_reason) {
  for (const Broken& broken : brokenDrivers()) {
    const Place place;
    put(place, "own", broken.name);
    place.put("bpusim", "null");
    place.put("system", "null");
    for (const char* environment : {"", "HBM_RUNTIME_DRIVER=own"}) {
      const std::string output = place.run(*environment != '\0' ? "info" : "load=own", environment);
      checkBegins(output, kNotFound + "the chosen BPU driver cannot be loaded:");
      checkSays(output, broken.texts);
      CHECK(contains(output, "own/libhbucp.so"));
    }
  }
}

TEST(choices_that_are_not_there_are_errors) {
  const Place place;
  for (const char* choice : {"/nowhere", "vendor", "bpusim", "Vendor", "probe"}) {
    const std::string output = place.run(std::string("load=") + choice);
    checkBegins(output, kNotFound + "the chosen BPU driver cannot be loaded:");
  }
}

// A message catalogue of GNU gettext with one translation.
std::string catalogue(const std::string& english, const std::string& translated) {
  constexpr std::uint32_t kTables = 28;  // bytes before the two tables of one entry each
  const auto length = [](const std::string& text) { return static_cast<std::uint32_t>(text.size()); };
  const std::uint32_t first = kTables + 16;
  const std::uint32_t second = first + length(english) + 1;
  const std::uint32_t words[] = {0x950412de,         0,     1, kTables, kTables + 8, 0, 0, length(english), first,
                                 length(translated), second};
  return std::string(reinterpret_cast<const char*>(words), sizeof(words)) + english + '\0' + translated + '\0';
}

TEST(a_driver_is_absent_in_any_language) {
  const Place place;
  place.put("bpusim", "null");
  place.write("texts/xx/LC_MESSAGES/libc.mo", catalogue("cannot open shared object file", "nicht zu finden"));
  const std::string output = place.run("language=texts info");
  checkBegins(output, "libnowhere.so: nicht zu finden");
  CHECK(contains(output, probe::loaded(place, "package", "bpusim")));
}

TEST(a_child_that_is_forked_while_another_thread_loads_gets_an_error_and_no_deadlock) {
  const Place place;
  place.put("bpusim", "null");
  const std::string output = place.run("fork info");
  checkBegins(output, probe::errorLine(hbm::ErrorKind::kForked));
  CHECK(contains(output, probe::loaded(place, "package", "bpusim")));
}

TEST(a_failed_search_is_made_anew_at_the_next_use) {
  const Place place;
  const std::string output = place.run("info info");
  std::istringstream lines(output);
  int errors = 0;
  for (std::string line; std::getline(lines, line);) {
    errors += line.rfind(kNotFound, 0) == 0 ? 1 : 0;
  }
  CHECK_EQ(errors, 2);
}
