// Values that clients were compiled with.
#include <cstdint>

#include "hobot/dnn/hb_dnn.h"
#include "support/check.hpp"

extern "C" std::uint64_t abiBackends(int index);
extern "C" hbUCPSchedParam abiDefaults(void);

TEST(backend_bits_stand_where_drivers_expect_them) {
  const int bits[] = {-1, 0, 3, 7, 15, 19, 20, 24, 29, 33, 40, 45};
  int index = 0;
  for (const int bit : bits) {
    CHECK_EQ(abiBackends(index++), bit < 0 ? std::uint64_t{0} : std::uint64_t{1} << bit);
  }
}

TEST(default_scheduling_is_lowest_priority_on_any_core) {
  const hbUCPSchedParam param = abiDefaults();
  CHECK_EQ(param.priority, 0);
  CHECK_EQ(param.customId, 0);
  CHECK_EQ(param.backend, std::uint64_t{0});
  CHECK_EQ(param.deviceId, 0U);
}

TEST(statuses_have_their_numbers) {
  struct Case {
    int status;
    int number;
  };
  for (const Case& each : {Case{HB_UCP_SUCCESS, 0},
                           {HB_UCP_INVALID_ARGUMENT, -100001},
                           {HB_UCP_UNKNOWN_ERROR, -100004},
                           {HB_DNN_TASK_NUM_EXCEED_LIMIT, -200001},
                           {HB_DNN_TIMEOUT, -200002},
                           {HB_DNN_RUN_TASK_FAILED, -200003},
                           {HB_DNN_INVALID_TASK_HANDLE, -200004},
                           {HB_UCP_OP_CMD_UNAVAILABLE, -300003},
                           {HB_DNN_OUT_OF_MEMORY, -400001},
                           {HB_UCP_MEM_FREE_FAIL, -400002},
                           {HB_UCP_MEM_IS_INVALID, -400005},
                           {HB_UCP_MEM_UNMAP_FAIL, -400007},
                           {HB_DNN_CAN_NOT_OPEN_FILE, -500001},
                           {HB_DNN_INVALID_MODEL, -600002},
                           {HB_DNN_MODEL_IS_RUNNING, -600003},
                           {HB_DNN_INCOMPATIBLE_MODEL, -600004},
                           {HB_UCP_DSP_OFFLINE, -700009},
                           {HB_UCP_ISP_CTX_INUSE, -900002}}) {
    CHECK_EQ(each.status, each.number);
  }
}
