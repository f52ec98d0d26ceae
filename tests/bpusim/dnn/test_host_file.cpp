// The reader of host model files from inside: what it accepts, and what a file with right checksums cannot do to it.
#include <functional>

#include "dnn/files/host_file.hpp"
#include "files.hpp"
#include "hobot/dnn/hb_dnn.h"
#include "host_file_writer.hpp"

using bpusim::HostFile;
using bpusim::HostFileError;
using bpusim::readHostFile;

namespace {

constexpr const char* kFiles[] = {"quantised.hbm", "nv12.hbm", "shared_weights.hbm"};

// "" when the file is accepted, else why not.
std::string refusal(std::string_view file) {
  try {
    static_cast<void>(readHostFile(file));
    return "";
  } catch (const HostFileError& error) {
    return error.what();
  }
}

// Builds the bytes of a directory.
class Directory {
 public:
  template <class Value>
  Directory& number(Value value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  Directory& text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
    return *this;
  }
  template <class Value>
  Directory& list(const std::vector<Value>& values) {
    number(static_cast<std::uint32_t>(values.size()));
    for (const Value value : values) {
      number(value);
    }
    return *this;
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

struct TensorRow {
  std::string name = "t";
  std::string graphName = "g";
  std::int32_t type = HB_DNN_TENSOR_TYPE_F32;
  std::vector<std::int64_t> shape = {2, 3};
  std::vector<std::int64_t> strides = {12, 4};
  std::int64_t size = 24;
  std::int32_t quantiType = 0;
  std::int32_t axis = -1;
  std::vector<float> scales = {};
  std::vector<std::int32_t> zeroPoints = {};

  void add(Directory& to) const {
    to.text(name).text(graphName).text("").number(type).list(shape).list(strides).number(size);
    to.number(quantiType).number(axis).list(scales).list(zeroPoints);
  }
};

struct FileRow {
  std::string march;
  std::string model = "m";
  std::uint32_t cores = 1;
  std::uint32_t graph = 0;
  std::uint32_t weights = 0xffffffffU;
  std::vector<TensorRow> inputs = {TensorRow()};
  std::vector<TensorRow> outputs = {TensorRow()};
  std::uint32_t models = 1;
  std::uint64_t blobOffset = 4096;
  std::uint64_t blobSize = 5;
  std::string end;

  [[nodiscard]] std::string file() const {
    Directory to;
    to.text("").text(march).text("").number(std::uint32_t{1}).number(blobOffset).number(blobSize);
    to.number(std::uint64_t{0}).number(models);
    for (std::uint32_t i = 0; i < std::min(models, 3U); ++i) {
      to.text(model).text("").number(cores).number(graph).number(weights);
      for (const auto* tensors : {&inputs, &outputs}) {
        to.number(static_cast<std::uint32_t>(tensors->size()));
        for (const TensorRow& tensor : *tensors) {
          tensor.add(to);
        }
      }
      to.number(std::uint32_t{0});
    }
    return host_file_writer::assemble(to.bytes() + end, "graph");
  }
};

}  // namespace

TEST(a_file_is_read_as_it_was_written) {
  const std::string file = files::content("quantised.hbm");
  const HostFile content = readHostFile(file);
  CHECK_EQ(content.models.size(), 1U);
  const bpusim::HostModel& model = content.models[0];
  CHECK_EQ(std::string(model.name), std::string("quantised"));
  CHECK_EQ(model.outputs.size(), 3U);
  CHECK_EQ(std::string(model.outputs[1].graphName), std::string("q16"));
  CHECK(model.outputs[1].shape == (std::vector<std::int64_t>{1, 3, 2}));
  CHECK(model.outputs[1].scales == (std::vector<float>{0.5F, 0.25F, 2.0F}));
  CHECK(model.outputs[1].zeroPoints == (std::vector<std::int32_t>{0, 1, -2}));
  CHECK_EQ(model.operations.size(), 9U);
  CHECK(!model.weights.has_value());
  const std::string shared = files::content("shared_weights.hbm");
  const HostFile two = readHostFile(shared);
  CHECK(two.models[0].weights->data() == two.models[1].weights->data());
}

TEST(the_writer_of_these_tests_makes_files_that_are_accepted) { CHECK_EQ(refusal(FileRow().file()), std::string()); }

namespace {

using Change = std::function<void(FileRow&)>;

Change tensor(const std::function<void(TensorRow&)>& change) {
  return [change](FileRow& row) { change(row.outputs[0]); };
}

constexpr std::int64_t kHuge = INT64_MAX;

const std::pair<Change, const char*> kImpossible[] = {
    {[](FileRow& r) { r.march = std::string("a\0b", 3); }, "march"},
    {[](FileRow& r) { r.march = "\xc0\x80"; }, "march"},
    {[](FileRow& r) { r.march = "\xed\xa0\x80"; }, "march"},
    {[](FileRow& r) { r.march = "\xf4\x90\x80\x80"; }, "march"},
    {[](FileRow& r) { r.march = "\xe2\x82"; }, "march"},
    {[](FileRow& r) { r.model = ""; }, "the name of a model is empty"},
    {[](FileRow& r) { r.cores = 0; }, "core number is 0"},
    {[](FileRow& r) { r.cores = 5; }, "core number is 5"},
    {[](FileRow& r) { r.graph = 1; }, "names blob 1 of 1"},
    {[](FileRow& r) { r.weights = 7; }, "names blob 7 of 1"},
    {[](FileRow& r) { r.outputs.clear(); }, "no outputs"},
    {[](FileRow& r) { r.outputs.emplace_back(); }, "occurs twice"},
    {[](FileRow& r) { r.models = 0; }, "no model"},
    {[](FileRow& r) { r.models = 2; }, "two models"},
    {[](FileRow& r) { r.models = 0x7fffffffU; }, "room for"},
    {[](FileRow& r) { r.blobOffset = 0; }, "impossible place"},
    {[](FileRow& r) { r.blobOffset = 4097; }, "impossible place"},
    {[](FileRow& r) { r.blobOffset = 8192; }, "impossible place"},
    {[](FileRow& r) { r.blobOffset = UINT64_MAX - 4095; }, "impossible place"},
    {[](FileRow& r) { r.blobSize = 0; }, "impossible place"},
    {[](FileRow& r) { r.blobSize = 6; }, "impossible place"},
    {[](FileRow& r) { r.blobSize = UINT64_MAX; }, "impossible place"},
    {[](FileRow& r) { r.blobSize = 4; }, "goes on after its last part"},
    {[](FileRow& r) { r.end = "x"; }, "goes on after its last model"},
    {tensor([](TensorRow& t) { t.name = ""; }), "empty"},
    {tensor([](TensorRow& t) { t.graphName = ""; }), "graph name"},
    {tensor([](TensorRow& t) { t.type = HB_DNN_TENSOR_TYPE_U4; }), "data type 1"},
    {tensor([](TensorRow& t) { t.type = -1; }), "data type -1"},
    {tensor([](TensorRow& t) { t.type = HB_DNN_TENSOR_TYPE_MAX; }), "data type 14"},
    {tensor([](TensorRow& t) { t.shape.assign(11, 1); }), "11 dimensions"},
    {tensor([](TensorRow& t) { t.shape[0] = -2; }), "dimension -2"},
    {tensor([](TensorRow& t) { t.shape[0] = std::int64_t{1} << 31; }), "dimension 2147483648"},
    {tensor([](TensorRow& t) { t.strides.pop_back(); }), "numbers of strides"},
    {tensor([](TensorRow& t) { t.strides[1] = 8; }), "innermost"},
    {tensor([](TensorRow& t) { t.strides[1] = -1; }), "innermost"},
    {tensor([](TensorRow& t) { t.strides[0] = 11; }), "stride 0 is 11, at least 12"},
    {tensor([](TensorRow& t) { t.strides[0] = 0; }), "stride 0 is 0"},
    {tensor([](TensorRow& t) { t.strides[0] = -2; }), "stride 0 is -2"},
    {tensor([](TensorRow& t) { t.strides[0] = kHuge; }), "too large"},
    {tensor([](TensorRow& t) {
       t.shape = {1, 3, 3};
       t.strides = {kHuge, kHuge / 2, 4};
     }),
     "too large"},
    {tensor([](TensorRow& t) {
       t.shape = {2, 3, 3};
       t.strides = {32, -1, 4};
     }),
     "stride 0 is 32, at least 36"},
    {tensor([](TensorRow& t) {
       t.shape = {2, -1, 3};
       t.strides = {8, -1, 4};
     }),
     "stride 0 is 8, at least 12"},
    {tensor([](TensorRow& t) { t.size = 23; }), "aligned size is 23, the tensor needs 24"},
    {tensor([](TensorRow& t) { t.size = -1; }), "aligned size is -1"},
    {tensor([](TensorRow& t) { t.shape[0] = -1, t.size = 0; }), "aligned size of a dynamic tensor is 0"},
    {[](FileRow& r) { r.inputs[0].shape[0] = -1; }, "aligned size of a dynamic tensor is 24"},
    {tensor([](TensorRow& t) { t.quantiType = 2; }), "quantisation type 2"},
    {tensor([](TensorRow& t) { t.scales = {1}; }), "is not quantised"},
    {tensor([](TensorRow& t) { t.quantiType = 1, t.axis = 2; }), "axis 2"},
    {tensor([](TensorRow& t) { t.quantiType = 1, t.axis = -2; }), "axis -2"},
    {tensor([](TensorRow& t) { t.quantiType = 1, t.scales = {1, 1}; }), "2 scales"},
    {tensor([](TensorRow& t) { t.quantiType = 1, t.axis = 1, t.zeroPoints = {1, 1}; }),
     "2 scales or zero points for 3"},
};

}  // namespace

TEST(impossible_values_are_refused_though_the_checksums_are_right) {
  for (const auto& [change, text] : kImpossible) {
    FileRow row;
    change(row);
    const std::string reason = refusal(row.file());
    check::holds(reason.find(text) != std::string::npos, (std::string(text) + " <- " + reason).c_str(), __FILE__,
                 __LINE__);
  }
}

TEST(no_value_anywhere_leads_out_of_the_file) {
  // The sanitizers judge the reads; here it is enough that every file is either accepted or refused.
  for (const char* const name : kFiles) {
    const std::string good = files::content(name);
    const auto end = host_file_writer::kHeaderSize + host_file_writer::get<std::uint64_t>(good, 32);
    for (std::size_t at = 8; at < end; ++at) {
      for (const std::uint32_t value : {0U, 1U, 2U, 0xffU, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
        std::string changed = good;
        host_file_writer::set(changed, at, value);
        host_file_writer::repair(changed);
        static_cast<void>(refusal(changed));
      }
    }
    CHECK_EQ(refusal(good), std::string());
  }
}

TEST(an_announced_size_takes_no_memory) {
  // A directory of 16 MiB is the largest; lists in it are only believed when they have room.
  FileRow row;
  row.end = std::string(17U << 20U, 'x');
  CHECK(refusal(row.file()).find("directory's size") != std::string::npos);
}

TEST(only_files_that_are_meant_to_be_one_look_like_one) {
  const std::string good = files::content("nv12.hbm");
  CHECK(bpusim::looksLikeHostFile(good));
  for (std::size_t i = 1; i < 8; ++i) {
    CHECK(bpusim::looksLikeHostFile(good.substr(0, i)));
    std::string changed = good;
    changed[i] = 'x';
    CHECK(bpusim::looksLikeHostFile(changed));
  }
  CHECK(!bpusim::looksLikeHostFile(""));
  CHECK(!bpusim::looksLikeHostFile("HBM"));
  CHECK(!bpusim::looksLikeHostFile(files::content("affine.onnx")));
  CHECK(!bpusim::looksLikeHostFile(files::content("vendor.hbm")));
}
