-- MySQL dump 10.19  Distrib 10.3.39-MariaDB, for debian-linux-gnu (x86_64)
-- Host: localhost    Database: asterisk

DROP TABLE IF EXISTS `incoming`;
CREATE TABLE `incoming` (
  `cidnum` varchar(50) DEFAULT NULL,
  `extension` varchar(50) NOT NULL,
  `destination` varchar(50) DEFAULT NULL,
  `description` varchar(50) DEFAULT NULL,
  KEY `extension` (`extension`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `incoming` VALUES ('','0102380095','dynroute-1,s,1','Hoofdnummer'),('0612345679','0102380095','from-did-direct,204,1','Vaste klant'),
('','0102380096','timeconditions,1,1','Tweede nummer'),('','','app-blackhole,busy,1','De rest');

CREATE TABLE `users` (
  `extension` varchar(20) NOT NULL DEFAULT '',
  `password` varchar(20) DEFAULT NULL,
  `name` varchar(50) DEFAULT NULL,
  `voicemail` varchar(50) DEFAULT NULL,
  `ringtimer` int(3) DEFAULT NULL,
  PRIMARY KEY (`extension`)
);
INSERT INTO `users` VALUES ('201','','Anna de Boer','default',0),('202','','Bram O\'Visser','novm',0),('203','','Carla Smit','novm',15),('204','','Daan Mulder','default',NULL);

CREATE TABLE `dynroute` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(50) DEFAULT NULL,
  `sourcetype` varchar(100) DEFAULT NULL,
  `enable_substitutions` varchar(8) DEFAULT NULL,
  `url_query` text,
  `enable_dtmf_input` varchar(8) DEFAULT NULL,
  `default_dest` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`id`)
);
INSERT INTO `dynroute` VALUES (1,'klant','url','CHECKED','http://127.0.0.1:8090/klant?nummer=[NUMBER]&did=[DID]','','timeconditions,1,1'),(2,'oud','mysql','CHECKED','','','ext-group,600,1');
CREATE TABLE `dynroute_dests` (
  `dynroute_id` int(11) NOT NULL,
  `selection` varchar(255) DEFAULT NULL,
  `dest` varchar(50) DEFAULT NULL
);
INSERT INTO `dynroute_dests` VALUES (1,'openstaand','ext-group,600,1'),(1,'ticket','app-setcid,1,1'),(1,'oud','dynroute-2,s,1');

CREATE TABLE `timegroups_groups` (`id` int(11) NOT NULL, `description` varchar(50) DEFAULT NULL);
CREATE TABLE `timegroups_details` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `timegroupid` int(11) NOT NULL DEFAULT 0,
  `time` varchar(100) NOT NULL DEFAULT '',
  PRIMARY KEY (`id`)
);
INSERT INTO `timegroups_groups` (`id`, `description`) VALUES (1,'kantooruren'),(2,'kerst');
INSERT INTO `timegroups_details` VALUES (1,1,'08:30-17:00|mon-thu|*|*'),(2,1,'08:30-12:00|fri|*|*'),(3,2,'*|*|25-26|dec'),(4,2,'09:00-12:00|wed|1-7|jan');
CREATE TABLE `timeconditions` (
  `timeconditions_id` int(11) NOT NULL AUTO_INCREMENT,
  `displayname` varchar(50) DEFAULT NULL,
  `time` int(11) DEFAULT NULL,
  `truegoto` varchar(50) DEFAULT NULL,
  `falsegoto` varchar(50) DEFAULT NULL,
  `mode` varchar(20) DEFAULT 'time-group',
  PRIMARY KEY (`timeconditions_id`)
);
INSERT INTO `timeconditions` VALUES (1,'kerst',2,'app-announcement-1,s,1','timeconditions,2,1','time-group'),(2,'open',1,'app-daynight,1,1','app-announcement-2,s,1','time-group');
CREATE TABLE `daynight` (`ext` varchar(10) NOT NULL, `dmode` varchar(40) NOT NULL, `dest` varchar(50) NOT NULL);
INSERT INTO `daynight` VALUES ('1','day','ivr-1,s,1'),('1','night','ext-local,vmu204,1'),('1','fc_description','vergadering');

CREATE TABLE `announcement` (
  `announcement_id` int(11) NOT NULL AUTO_INCREMENT,
  `description` varchar(50) DEFAULT NULL,
  `recording_id` int(11) DEFAULT NULL,
  `post_dest` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`announcement_id`)
);
INSERT INTO `announcement` VALUES (1,'kerst',1,'app-blackhole,hangup,1'),(2,'gesloten',2,'ext-local,vmu201,1');
CREATE TABLE `recordings` (`id` int(11) NOT NULL, `displayname` varchar(50) DEFAULT NULL, `filename` blob);
INSERT INTO `recordings` VALUES (1,'kerst','custom/kerst'),(2,'gesloten','custom/gesloten&custom/tot-morgen'),(3,'welkom','custom/welkom');

CREATE TABLE `ivr_details` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(50) DEFAULT NULL,
  `announcement` int(11) DEFAULT NULL,
  `directdial` varchar(50) DEFAULT NULL,
  `invalid_loops` varchar(10) DEFAULT NULL,
  `invalid_retry_recording` varchar(25) DEFAULT NULL,
  `invalid_destination` varchar(50) DEFAULT NULL,
  `timeout_time` int(11) DEFAULT NULL,
  `timeout_destination` varchar(50) DEFAULT NULL,
  `timeout_loops` varchar(10) DEFAULT NULL,
  PRIMARY KEY (`id`)
);
INSERT INTO `ivr_details` VALUES (1,'keuze',3,'ext-local','1','4','ext-group,601,1',5,'ext-queues,400,1','1'),(2,'tweede',0,'','disabled','','app-blackhole,hangup,1',3,'ivr-1,s,1','disabled');
CREATE TABLE `ivr_entries` (`ivr_id` int(11) NOT NULL, `selection` varchar(30) DEFAULT NULL, `dest` varchar(200) DEFAULT NULL, `ivr_ret` tinyint(1) DEFAULT 0);
INSERT INTO `ivr_entries` VALUES (1,'1','from-did-direct,203,1',0),(1,'2','ext-group,601,1',0),(1,'9','ivr-2,s,1',0),(1,'0','ext-miscdests,1,1',0),(1,'12','from-did-direct,201,1',0),(2,'1','from-did-direct,202,1',0),(2,'#','ivr-1,s,1',1);
CREATE TABLE `ringgroups` (
  `grpnum` varchar(20) NOT NULL,
  `strategy` varchar(50) NOT NULL,
  `grptime` smallint(6) NOT NULL,
  `grppre` varchar(100) DEFAULT NULL,
  `grplist` varchar(255) NOT NULL,
  `annmsg_id` int(11) DEFAULT NULL,
  `postdest` varchar(255) DEFAULT NULL,
  `description` varchar(35) NOT NULL,
  PRIMARY KEY (`grpnum`)
);
INSERT INTO `ringgroups` VALUES ('600','ringall',20,'FIN: ','201-202',0,'ext-local,vmu201,1','Finance'),('601','hunt',12,'','203-204-0687654321#',3,'from-did-direct,201,1','Balie');
CREATE TABLE `queues_config` (`extension` varchar(20) NOT NULL, `descr` varchar(35) NOT NULL, `maxwait` varchar(8) NOT NULL, `dest` varchar(50) NOT NULL);
INSERT INTO `queues_config` VALUES ('400','Helpdesk','300','from-did-direct,204,1');
CREATE TABLE `queues_details` (`id` varchar(45) NOT NULL, `keyword` varchar(30) NOT NULL, `data` varchar(150) NOT NULL, `flags` int(11) NOT NULL);
INSERT INTO `queues_details` VALUES ('400','member','Local/201@from-queue/n,0',0),('400','member','Local/202@from-queue/n,0',1),('400','strategy','leastrecent',0),('400','maxlen','5',0);
CREATE TABLE `miscdests` (`id` int(11) NOT NULL, `description` varchar(100) NOT NULL, `destdial` varchar(100) NOT NULL);
INSERT INTO `miscdests` VALUES (1,'mobiel','0687654321');
CREATE TABLE `setcid` (`cid_id` int(11) NOT NULL, `description` varchar(50) DEFAULT NULL, `cid_name` varchar(150) DEFAULT NULL, `cid_num` varchar(150) DEFAULT NULL, `dest` varchar(255) DEFAULT NULL);
INSERT INTO `setcid` VALUES (1,'ticket','TICKET ${CALLERID(name)}','${CALLERID(num)}','from-did-direct,203,1');
