// SPDX-License-Identifier: MIT
// Answers with the number of requests so far; a timer and a file that is read go on meanwhile.
'use strict';
const fs = require('fs');
let count = 0, ticks = 0;
setInterval(() => fs.readFile('/etc/passwd', () => ticks++), 20);
require('http').createServer((request, response) => {
	const before = ticks;
	setTimeout(() => response.end(ticks > before ? `${++count}\n` : 'the timer stands\n'), 200);
}).listen(8080);
