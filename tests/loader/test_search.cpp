// Which driver is chosen.
#include "probe.hpp"

using probe::checkBegins;
using probe::loaded;
using probe::Place;

namespace {

// Every place has a driver; earlier ones can be taken away.
void fill(const Place& place) {
  place.put("system", "null");
  place.put("linker", "null");
  place.put("bpusim", "null");
}

std::string linkerPath(const Place& place) { return "LD_LIBRARY_PATH='" + place.path("linker") + "'"; }

}  // namespace

TEST(a_board_s_folder_comes_first) {
  const Place place;
  fill(place);
  checkBegins(place.run("info", linkerPath(place)), loaded(place, "system", "system"));
}

TEST(then_comes_the_dynamic_linker_s_path) {
  const Place place;
  place.put("linker", "null");
  place.put("bpusim", "null");
  checkBegins(place.run("info", linkerPath(place)), loaded(place, "system", "linker"));
}

TEST(then_comes_bpusim_beside_this_library) {
  const Place place;
  place.put("bpusim", "null");
  checkBegins(place.run("info"), loaded(place, "package", "bpusim"));
}

TEST(or_where_the_sdk_installs_it) {
  const Place place;
  place.put("hbm_runtime/bpusim", "null");
  checkBegins(place.run("info"), loaded(place, "package", "hbm_runtime/bpusim"));
}

TEST(also_for_a_program_that_was_found_by_path) {
  const Place place;
  place.put("bpusim", "null");
  checkBegins(place.run("info", "PATH='" + place.path("") + "'", "probe"), loaded(place, "package", "bpusim"));
}

TEST(the_variable_decides_over_that_order) {
  const Place place;
  fill(place);
  place.put("own", "null");
  const struct {
    std::string value;
    std::string folder;
  } cases[] = {
      {"vendor", "system"}, {"bpusim", "bpusim"}, {place.path("own"), "own"}, {place.path("own") + "/", "own/"}};
  for (const auto& each : cases) {
    checkBegins(place.run("info", linkerPath(place) + " HBM_RUNTIME_DRIVER='" + each.value + "'"),
                loaded(place, "HBM_RUNTIME_DRIVER", each.folder));
  }
}

TEST(an_empty_variable_is_none) {
  const Place place;
  place.put("bpusim", "null");
  checkBegins(place.run("info", "HBM_RUNTIME_DRIVER="), loaded(place, "package", "bpusim"));
}

TEST(a_relative_folder_is_meant_from_the_working_directory) {
  const Place place;
  place.put("own", "null");
  for (const char* value : {"own", "./own"}) {
    const std::string output = place.run("info", std::string("HBM_RUNTIME_DRIVER=") + value);
    checkBegins(output, "vendor|HBM_RUNTIME_DRIVER|");
    CHECK(probe::contains(output, "own/libdnn.so|"));
  }
}

TEST(load_driver_decides_over_the_variable) {
  const Place place;
  fill(place);
  checkBegins(place.run("load=bpusim", "HBM_RUNTIME_DRIVER=vendor"), loaded(place, "load_driver", "bpusim"));
}

TEST(a_process_has_one_driver) {
  const Place place;
  fill(place);
  const std::string first = loaded(place, "system", "system");
  const std::string output = place.run("info load=bpusim info");
  checkBegins(output, first);
  const std::string refusal = probe::errorLine(hbm::ErrorKind::kState) + "a driver is loaded already";
  CHECK(probe::contains(output, refusal));
  CHECK(probe::contains(output, place.path("system")));
  CHECK(output.rfind(first) > output.find(refusal));
}

TEST(the_driver_in_use_may_be_chosen_again) {
  const Place place;
  fill(place);
  const std::string twice = place.run("load=bpusim load=bpusim load=" + place.path("bpusim") + "/.");
  CHECK(!probe::contains(twice, "a driver is loaded already"));
  checkBegins(place.run("info load=vendor load=" + place.path("own")), loaded(place, "system", "system"));
  CHECK(!probe::contains(place.run("info load=vendor"), "a driver is loaded already"));
  CHECK(probe::contains(place.run("info load=vendor load=" + place.path("own")), "a driver is loaded already"));
}

TEST(after_a_failure_another_driver_can_be_chosen) {
  const Place place;
  fill(place);
  const std::string output = place.run("load=/nowhere load=bpusim");
  checkBegins(output, probe::errorLine(hbm::ErrorKind::kDriverNotFound));
  CHECK(probe::contains(output, loaded(place, "load_driver", "bpusim")));
}

TEST(libraries_with_and_without_version_nodes_load) {
  for (const char* name : {"null", "no_optional"}) {
    const Place place;
    checkBegins(place.run("load=" + probe::driver(name)),
                "vendor|load_driver|" + probe::driver(name) + "/libdnn.so|3.13.6_(test driver)|");
  }
}
