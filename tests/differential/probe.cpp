// Runs the only model of a file on tensors from a file, and writes what comes out.
//   differential_probe MODEL INPUTS OUTPUTS
// Both files have for each tensor, in the model's order: type, rank and sizes as int64, then the elements, dense.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "hbm_runtime/runtime.hpp"
#include "hbm_runtime/tensor.hpp"
#include "hbm_runtime/types.hpp"

namespace {

std::int64_t product(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    count *= size;
  }
  return count;
}

class Reader {
 public:
  explicit Reader(const std::string& path)
      : file_(path, std::ios::binary), data_(std::istreambuf_iterator<char>(file_), {}) {}

  [[nodiscard]] bool atEnd() const { return at_ == data_.size(); }

  // The next tensor; it looks into memory of the reader.
  [[nodiscard]] hbm::TensorView next() {
    const auto type = static_cast<hbm::DataType>(number());
    std::vector<std::int64_t> shape(static_cast<std::size_t>(number()));
    for (std::int64_t& size : shape) {
      size = number();
    }
    const char* const elements = data_.data() + at_;
    at_ += static_cast<std::size_t>(product(shape)) * hbm::elementSize(type);
    if (at_ > data_.size()) {
      throw std::runtime_error("the inputs are cut off");
    }
    return hbm::denseView(elements, type, shape);
  }

 private:
  [[nodiscard]] std::int64_t number() {
    std::int64_t value = 0;
    if (data_.size() - at_ < sizeof value) {
      throw std::runtime_error("the inputs are cut off");
    }
    std::memcpy(&value, data_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  std::ifstream file_;
  std::vector<char> data_;
  std::size_t at_ = 0;
};

// The elements below one index of an outer dimension, the last dimension innermost.
void writeElements(std::ofstream& file, const hbm::DeviceTensor& tensor, std::size_t dimension, const char* begin) {
  if (dimension == tensor.shape.size()) {
    file.write(begin, static_cast<std::streamsize>(hbm::elementSize(tensor.dtype)));
    return;
  }
  for (std::int64_t i = 0; i < tensor.shape[dimension]; ++i) {
    writeElements(file, tensor, dimension + 1, begin + i * tensor.strides[dimension]);
  }
}

void write(std::ofstream& file, const hbm::DeviceTensor& tensor) {
  std::vector<std::int64_t> head{static_cast<std::int64_t>(tensor.dtype),
                                 static_cast<std::int64_t>(tensor.shape.size())};
  head.insert(head.end(), tensor.shape.begin(), tensor.shape.end());
  file.write(reinterpret_cast<const char*>(head.data()), static_cast<std::streamsize>(head.size() * sizeof head[0]));
  writeElements(file, tensor, 0, static_cast<const char*>(tensor.data));
}

void runOnce(const std::string& model, const std::string& inputs, const std::string& outputs) {
  hbm::Runtime runtime(std::vector<std::string>{model});
  Reader reader(inputs);
  hbm::Call call;
  while (!reader.atEnd()) {
    call.inputs.push_back(reader.next());
  }
  const std::vector<std::vector<hbm::DeviceTensor>> results = runtime.run({call});
  std::ofstream file(outputs, std::ios::binary);
  for (const hbm::DeviceTensor& tensor : results.front()) {
    write(file, tensor);
  }
  if (!file.flush()) {
    throw std::runtime_error("cannot write " + outputs);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: differential_probe MODEL INPUTS OUTPUTS\n");
    return 2;
  }
  try {
    runOnce(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
