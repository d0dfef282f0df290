/* SPDX-License-Identifier: MIT */
/* page_port: the ports of page servers, which both ends know. */
#ifndef CMIGRATE_PAGE_PORT_H
#define CMIGRATE_PAGE_PORT_H

/* Below the ephemeral ones. The first choice is one of PAGE_PORTS; page_server_admit() may take one
 * of as many after it. */
#define PAGE_PORT_FIRST 27000
#define PAGE_PORTS 2000

/* The page server's address of a move whose memory goes through a tunnel. */
#define PAGE_LOOPBACK "127.0.0.1"

#endif
