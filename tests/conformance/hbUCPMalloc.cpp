#include "allocation_cases.hpp"

ALLOCATION_TESTS(hbUCPMalloc)
