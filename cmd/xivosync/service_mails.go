package main

import (
	"context"
	"time"

	"xivosync/cmd/xivosync/post"
)

// mail sends what is due, in a turn of its own: it needs neither side, and no run
// is to be made for it.
func (s *service) mail(ctx context.Context) {
	p := s.own()
	cfg, _ := s.current()
	all, err := p.openOutbox(ctx, cfg)
	if err != nil {
		s.logger().Error("mails not sent", "error", err)
		return
	}
	defer func() {
		if err := all.close(ctx); err != nil {
			s.logger().Error("mails", "error", err)
		}
	}()
	p.tellAdmins(all)
	p.sendMails(ctx, all)
}

// nextMail tells when the next mail is due, be it that it waits in the outbox, or is
// the summary of the day, which has yet to be written. The zero time is never.
func (s *service) nextMail() time.Time {
	cfg, _ := s.current()
	if cfg.Mail.Host == "" {
		return time.Time{}
	}
	now := s.clock().Wall
	next, err := post.Next(s.store, now)
	if err == nil {
		var digest time.Time
		if digest, err = digestDue(cfg.Mail, s.store, now); !digest.IsZero() && (next.IsZero() || digest.Before(next)) {
			next = digest
		}
	}
	if err != nil {
		s.logger().Error("nobody knows when mails are due: they go out with the next run", "error", err)
		return time.Time{}
	}
	return next
}
