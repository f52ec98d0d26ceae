// Arrays as .npy files: written dense from any layout, read back with their order, and hostile files refused.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "hbm_runtime/error.hpp"
#include "hbm_runtime/npy.hpp"
#include "support/check.hpp"

namespace {

namespace fs = std::filesystem;

// A folder of this test program, removed at its end.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("sdk_npy_" + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

std::string bytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

hbm::ErrorKind kindOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const hbm::Error& error) {
    return error.kind();
  }
  throw check::Failure{"nothing was thrown"};
}

// A file of version 1.0 with this header and data.
std::string npy(const std::string& header, const std::string& data = std::string(64, '\0')) {
  const auto size = static_cast<std::uint16_t>(header.size());
  return std::string("\x93NUMPY\x01", 7) + '\0' + static_cast<char>(size & 0xffU) + static_cast<char>(size >> 8U) +
         header + data;
}

const std::string kHeader = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

}  // namespace

TEST(a_dense_array_comes_back) {
  const Folder folder;
  const std::vector<float> values{0, 1, 2, 3, 4, 5};
  hbm::saveNpy(folder.file("a.npy"), hbm::denseView(values.data(), hbm::DataType::kF32, {2, 3}));
  const std::string written = bytesOf(folder.file("a.npy"));
  CHECK(written.find(kHeader) != std::string::npos);
  CHECK_EQ((written.size() - 24) % 64, 0U);  // numpy maps such files with aligned data
  const hbm::NpyArray read = hbm::loadNpy(folder.file("a.npy"));
  CHECK(read.dtype == hbm::DataType::kF32);
  CHECK(read.shape == (std::vector<std::int64_t>{2, 3}));
  CHECK_EQ(std::memcmp(read.data.data(), values.data(), 24), 0);
  CHECK(read.view().strides[0] == 12);
  CHECK(!fs::exists(folder.file("a.npy.part")));
}

TEST(padding_and_order_are_left_out) {
  const Folder folder;
  const std::vector<std::uint8_t> padded{1, 2, 3, 99, 4, 5, 6, 99};
  hbm::TensorView view = hbm::denseView(padded.data(), hbm::DataType::kU8, {2, 3});
  view.strides[0] = 4;
  hbm::saveNpy(folder.file("p.npy"), view);
  view.strides = {1, 4};
  view.shape = {3, 2};
  hbm::saveNpy(folder.file("t.npy"), view);
  const auto values = [&](const char* name) {
    const hbm::NpyArray array = hbm::loadNpy(folder.file(name));
    std::string text;
    for (const std::byte each : array.data) {
      text += std::to_string(std::to_integer<int>(each));
    }
    return text;
  };
  CHECK_EQ(values("p.npy"), std::string("123456"));
  CHECK_EQ(values("t.npy"), std::string("142536"));
}

TEST(scalars_empty_arrays_and_fortran_order_are_read) {
  const Folder folder;
  const std::int64_t number = 7;
  hbm::saveNpy(folder.file("s.npy"), hbm::denseView(&number, hbm::DataType::kS64, {}));
  CHECK(hbm::loadNpy(folder.file("s.npy")).shape.empty());
  hbm::saveNpy(folder.file("e.npy"), hbm::denseView(&number, hbm::DataType::kS64, {0}));
  CHECK(hbm::loadNpy(folder.file("e.npy")).shape == std::vector<std::int64_t>{0});
  write(folder.file("f.npy"), npy("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }"));
  const hbm::TensorView view = hbm::NpyArray(hbm::loadNpy(folder.file("f.npy"))).view();
  CHECK(view.strides[0] == 2);
  CHECK(view.strides[1] == 4);
}

TEST(what_is_no_array_of_a_tensor_is_refused) {
  const Folder folder;
  const std::string path = folder.file("x.npy");
  const auto refused = [&](const std::string& bytes) {
    write(path, bytes);
    return kindOf([&] { static_cast<void>(hbm::loadNpy(path)); });
  };
  const std::string huge = "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }";
  for (const std::string& bytes :
       {std::string(), std::string("\x93NUM"), std::string("PK\x03\x04 some archive"), npy(""), npy("{'descr': '<f4'}"),
        npy(kHeader, "short"), npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }"), npy(huge),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, x), }"), npy(kHeader).substr(0, 30)}) {
    CHECK(refused(bytes) == hbm::ErrorKind::kContainer);
  }
  CHECK(refused(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }")) == hbm::ErrorKind::kUnsupported);
  CHECK(refused(npy("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }")) == hbm::ErrorKind::kUnsupported);
  CHECK(refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }")) ==
        hbm::ErrorKind::kUnsupported);
  CHECK(kindOf([&] { static_cast<void>(hbm::loadNpy(folder.file("gone.npy"))); }) == hbm::ErrorKind::kFileNotFound);
}

TEST(what_cannot_be_written_leaves_nothing_behind) {
  const Folder folder;
  const float value = 1;
  const hbm::TensorView view = hbm::denseView(&value, hbm::DataType::kF32, {1});
  CHECK(kindOf([&] { hbm::saveNpy(folder.file("gone/a.npy"), view); }) == hbm::ErrorKind::kIo);
  CHECK(kindOf([&] { hbm::saveNpy(folder.file("a.npy"), hbm::TensorView{}); }) == hbm::ErrorKind::kInput);
  CHECK(!fs::exists(folder.file("a.npy")));
}

TEST(a_link_is_followed_and_an_older_file_keeps_its_permissions) {
  const Folder folder;
  const float value = 7;
  const hbm::TensorView view = hbm::denseView(&value, hbm::DataType::kF32, {1});
  write(folder.file("real.npy"), "old");
  CHECK(chmod(folder.file("real.npy").c_str(), 0640) == 0);
  fs::create_symlink("real.npy", folder.file("link.npy"));
  fs::create_symlink("new.npy", folder.file("dangling.npy"));
  for (const char* name : {"link.npy", "dangling.npy"}) {
    hbm::saveNpy(folder.file(name), view);
    CHECK(fs::is_symlink(folder.file(name)));
    CHECK(hbm::loadNpy(folder.file(name)).data.size() == sizeof value);
  }
  CHECK(static_cast<unsigned>(fs::status(folder.file("real.npy")).permissions()) == 0640U);
  CHECK(!fs::is_symlink(folder.file("new.npy")));
}

TEST(a_fifo_stays_one_and_gets_the_array) {
  const Folder folder;
  const float value = 7;
  CHECK(mkfifo(folder.file("fifo").c_str(), 0600) == 0);
  const int reader = open(folder.file("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  hbm::saveNpy(folder.file("fifo"), hbm::denseView(&value, hbm::DataType::kF32, {1}));
  char bytes[512] = {};
  CHECK(read(reader, bytes, sizeof bytes) == 128 + static_cast<ssize_t>(sizeof value));
  CHECK(std::string(bytes, 6) == std::string("\x93NUMPY", 6));
  CHECK(fs::is_fifo(folder.file("fifo")));
  close(reader);
}

TEST(a_device_stays_one) {
  const Folder folder;
  const float value = 7;
  const hbm::TensorView view = hbm::denseView(&value, hbm::DataType::kF32, {1});
  fs::create_symlink("/dev/null", folder.file("null"));
  fs::create_symlink("/dev/full", folder.file("full"));
  hbm::saveNpy(folder.file("null"), view);
  CHECK(kindOf([&] { hbm::saveNpy(folder.file("full"), view); }) == hbm::ErrorKind::kIo);
  CHECK(kindOf([&] { hbm::saveNpy(folder.file("."), view); }) == hbm::ErrorKind::kIo);
  CHECK(fs::is_character_file("/dev/null") && fs::is_character_file("/dev/full"));
}

TEST(a_write_that_fails_leaves_the_old_file_whole) {
  const Folder folder;
  const std::vector<float> values(1000, 1.0F);
  write(folder.file("a.npy"), "old");
  rlimit before{};
  CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{100, before.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const hbm::ErrorKind kind =
      kindOf([&] { hbm::saveNpy(folder.file("a.npy"), hbm::denseView(values.data(), hbm::DataType::kF32, {1000})); });
  CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(kind == hbm::ErrorKind::kIo);
  CHECK(bytesOf(folder.file("a.npy")) == "old");
  CHECK(std::distance(fs::directory_iterator(fs::path(folder.file("a.npy")).parent_path()), {}) == 1);
}
