// What depends on the environment or has to be alone in its process: the engine's library, telemetry, the SoC, damaged
// ONNX files.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "files.hpp"
#include "support/check.hpp"
#include "support/process.hpp"

namespace fs = std::filesystem;

namespace {

process::Result probe(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
  std::vector<std::string> command = {DNN_PROBE};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return process::run(command, environment, std::chrono::seconds(240));
}

bool has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) {
    return true;
  }
  std::printf("no \"%s\" in: %s\n", part.c_str(), text.c_str());
  return false;
}

// A folder of its own, gone at the end.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "bpusim-test-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// The library that this test run uses.
std::string enginePath() {
  const char* const path = std::getenv("BPUSIM_ENGINE_PATH");
  if (path == nullptr) {
    SKIP("BPUSIM_ENGINE_PATH is not set");
  }
  return path;
}

}  // namespace

TEST(without_an_engine_loading_says_what_to_do_and_the_rest_works) {
  const process::Result got =
      probe({"load", files::path("affine.onnx"), files::path("plain.hbm")}, {"BPUSIM_ENGINE_PATH=/nowhere"});
  CHECK_EQ(got.status, 0);
  CHECK(has(got.output, "status=-100003"));
  CHECK(!has(got.output, "status=0"));
  CHECK(has(got.output, "install it"));
  CHECK(!has(got.output, "pip"));  // programs that load it may know nothing of Python
  CHECK(has(got.output, "BPUSIM_ENGINE_PATH"));
  CHECK(has(got.output, "/nowhere"));
  const process::Result rest = probe({"without_engine"}, {"BPUSIM_ENGINE_PATH=/nowhere"});
  CHECK(has(rest.output, "(bpusim "));
  CHECK(has(rest.output, "malloc=0\nfree=0\nrelease=-100001"));
}

TEST(files_that_need_no_engine_to_be_refused_are_refused_without_one) {
  const process::Result got =
      probe({"load", files::path("vendor.hbm"), files::path("cut.hbm"), files::path("empty.onnx")},
            {"BPUSIM_ENGINE_PATH=/nowhere"});
  CHECK(has(got.output, "status=-600004"));
  CHECK(!has(got.output, "status=-100003"));
}

TEST(the_engine_is_a_file_or_a_folder) {
  const fs::path given = enginePath();
  const fs::path folder = fs::is_directory(given) ? given : given.parent_path();
  fs::path file;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().rfind("libonnxruntime.so", 0) == 0) {
      file = entry.path();
    }
  }
  for (const fs::path& path : {folder, file}) {
    CHECK(has(probe({"load", files::path("affine.onnx")}, {"BPUSIM_ENGINE_PATH=" + path.string()}).output, "status=0"));
    const process::Result late =
        probe({"engine_path", files::path("affine.onnx"), path.string()}, {"BPUSIM_ENGINE_PATH"});
    CHECK(has(late.output, "set=0\nstatus=0"));
  }
}

TEST(the_variable_goes_before_the_clients_path) {
  const process::Result got =
      probe({"engine_path", files::path("affine.onnx"), enginePath()}, {"BPUSIM_ENGINE_PATH=/nowhere"});
  CHECK(has(got.output, "status=-100003"));
}

TEST(a_library_that_is_not_the_engine_is_refused_with_a_reason) {
  const Folder folder;
  std::ofstream(folder.path() / "libonnxruntime.so.1") << "no library";
  for (const std::string& path : {folder.path().string(), (folder.path() / "libonnxruntime.so.1").string()}) {
    CHECK(has(probe({"load", files::path("affine.onnx")}, {"BPUSIM_ENGINE_PATH=" + path}).output, "file too short"));
  }
  const process::Result other = probe({"load", files::path("affine.onnx")}, {"BPUSIM_ENGINE_PATH=" OTHER_LIBRARY});
  CHECK(has(other.output, "is not ONNX Runtime"));
}

TEST(the_engine_reports_nothing_to_anyone_and_starts_no_thread_beside_the_one_asked_for) {
  const Folder home;
  const process::Result got =
      probe({"run", files::path("affine.onnx")},
            {"HOME=" + home.path().string(), "XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY", "BPUSIM_THREADS=1"});
  CHECK_EQ(got.status, 0);
  CHECK(has(got.output, "run=0"));
  CHECK(fs::is_empty(home.path()));
  const auto number = [&](const std::string& name) {
    const std::size_t at = got.output.find(name + "=");
    CHECK(at != std::string::npos);
    return std::stoi(got.output.substr(at + name.size() + 1));
  };
  CHECK_EQ(number("loaded"), number("before"));
}

TEST(a_march_matters_when_the_soc_is_chosen) {
  const std::string file = files::path("nash_e.hbm");
  const std::pair<const char*, const char*> cases[] = {{"BPUSIM_SOC", "status=0"},
                                                       {"BPUSIM_SOC=s100", "status=0"},
                                                       {"BPUSIM_SOC=s100p", "status=-600004"},
                                                       {"BPUSIM_SOC=s600", "status=-600004"}};
  for (const auto& [soc, expected] : cases) {
    const process::Result got = probe({"load", file, files::path("plain.hbm")}, {soc});
    CHECK(has(got.output, expected));
    CHECK(has(got.output.substr(got.output.rfind("status")), "status=0"));
  }
  CHECK(has(probe({"load", file}, {"BPUSIM_SOC=s600"}).output, "march nash-e, BPUSIM_SOC=s600 has nash-p"));
}

TEST(strides_suit_the_soc) {
  const std::string file = files::path("nv12.hbm");
  CHECK(has(probe({"stride32", file}, {"BPUSIM_SOC=s100"}).output, "run=0"));
  CHECK(has(probe({"stride32", file}, {"BPUSIM_SOC=s600"}).output, "run=-100001"));
  CHECK(has(probe({"stride32", file}, {"BPUSIM_SOC"}).output, "run=-100001"));
}

TEST(the_number_of_threads_comes_from_the_environment) {
  for (const char* const good : {"BPUSIM_THREADS=2", "BPUSIM_THREADS=", "BPUSIM_THREADS=1"}) {
    CHECK(has(probe({"run", files::path("affine.onnx")}, {good}).output, "run=0"));
  }
  for (const char* const bad : {"BPUSIM_THREADS=0", "BPUSIM_THREADS=-1", "BPUSIM_THREADS=two", "BPUSIM_THREADS=2x",
                                "BPUSIM_THREADS=99999999999999999999"}) {
    const process::Result got = probe({"load", files::path("affine.onnx")}, {bad});
    CHECK(has(got.output, "status=-100001"));
    CHECK(has(got.output, "BPUSIM_THREADS"));
  }
}

TEST(two_programs_at_once_are_independent) {
  const std::pair<std::vector<std::string>, const char*> programs[] = {
      {{"BPUSIM_FAULT=hbDNNInferV2:fail=-200001"}, "run=-200001"},
      {{"BPUSIM_SOC=s100", "HB_UCP_MAX_TASK_NUM=1"}, "run=0"},
      {{"BPUSIM_FAULT=task:delay=20ms"}, "run=0"}};
  for (int round = 0; round < 3; ++round) {
    std::vector<process::Result> results(std::size(programs));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < results.size(); ++i) {
      threads.emplace_back([&, i] { results[i] = probe({"run", files::path("affine.onnx")}, programs[i].first); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      CHECK_EQ(results[i].status, 0);
      CHECK(has(results[i].output, programs[i].second));
    }
  }
}

TEST(the_child_of_a_fork_may_use_the_driver_when_its_parent_had_only_asked_for_texts) {
  const process::Result got = probe({"fork", files::path("affine.onnx")}, process::kNoLeakCheck);
  CHECK_EQ(got.status, 0);
  const std::size_t second = got.output.find("child=7");
  CHECK(has(got.output.substr(0, second), "run=0"));
  const std::string later = got.output.substr(second);
  CHECK(has(later, "statuses=" + std::string(19, '+') + "\n"));
  CHECK(has(later, "error=the driver was in use when this process was forked"));
  CHECK(has(later, "version=3.13.6_(bpusim "));
  CHECK(has(later.substr(later.find("release")), "release=0\nbefore="));
  CHECK(has(later.substr(later.find("release")), "run=0"));
}

TEST(damaged_onnx_files_are_survived) {
  // They carry no checksum: some load, the others are refused; none may hang, crash or take all memory.
  for (const char* const name : {"affine.onnx", "reshape.onnx", "metadata.onnx", "onnx_inside.hbm"}) {
    const process::Result got = probe({"mutate", files::path(name), "250", "1"}, {"HB_UCP_LOG_LEVEL=6"});
    check::holds(got.status == 0 && has(got.output, "survived=250"), (name + (": " + got.errors)).c_str(), __FILE__,
                 __LINE__);
  }
}
