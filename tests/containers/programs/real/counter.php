<?php
// SPDX-License-Identifier: MIT
// Answers with the number of requests so far.
$count = (int) @file_get_contents('/tmp/count') + 1;
file_put_contents('/tmp/count', $count);
echo "$count\n";
