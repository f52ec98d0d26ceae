#include <set>

#include "dnn_support.hpp"

namespace {

constexpr std::int32_t kStatuses[] = {HB_DNN_SUCCESS,
                                      HB_DNN_INVALID_ARGUMENT,
                                      HB_DNN_API_USE_ERROR,
                                      HB_UCP_INIT_FAILED,
                                      HB_UCP_UNKNOWN_ERROR,
                                      HB_DNN_TASK_NUM_EXCEED_LIMIT,
                                      HB_DNN_TIMEOUT,
                                      HB_DNN_RUN_TASK_FAILED,
                                      HB_DNN_INVALID_TASK_HANDLE,
                                      HB_DNN_OUT_OF_MEMORY,
                                      HB_UCP_MEM_MAP_FAIL,
                                      HB_DNN_CAN_NOT_OPEN_FILE,
                                      HB_DNN_MODEL_NUMBER_EXCEED_LIMIT,
                                      HB_DNN_INVALID_MODEL,
                                      HB_DNN_MODEL_IS_RUNNING,
                                      HB_DNN_INCOMPATIBLE_MODEL};

}  // namespace

TEST(every_status_has_a_text_of_its_own) {
  std::set<std::string> texts;
  for (const std::int32_t status : kStatuses) {
    const char* const text = hbDNNGetErrorDesc(status);
    CHECK(text != nullptr);
    CHECK(texts.insert(text).second);
    CHECK(std::string(text) == hbUCPGetErrorDesc(status));
  }
}

TEST(numbers_that_are_no_status_have_a_text_too) {
  for (const std::int32_t status : {1, -1, -100005, 0x7fffffff, -0x7fffffff - 1}) {
    CHECK(hbDNNGetErrorDesc(status) != nullptr && *hbDNNGetErrorDesc(status) != '\0');
  }
}
