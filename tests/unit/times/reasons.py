"""Reasons as people write them, with numbers, names and words that also belong to times."""

REASONS = """
Covering the spring pipeline
Covering for you
Q4 outreach
3D-printing leads
3D printing leads
3d models for the pitch
May I?
May I help with renewals?
Sat in on calls
second pass at renewals
Second pass at renewals
for the 2 new accounts
2 quick emails
5 customers waiting
5 to 7 customers
2-3 emails
24/7 cover
50/50 split with Ben
1:1 with Dana
3rd party follow-up
2fa setup
half of the leads
3/4 of the team is out
a quick favour
next steps
Sun Corp renewal
March madness promo
Mon Repos Hotel renewal
tomorrow's demo
Friday's demo
Today's leads
Monday's standup
This week's newsletter
Last mile of the deal
from the top
For Ben's leave
the end of an era
First call with Acme
1st call with Acme
Day 2 of the fair
Time-sensitive deal
Past due invoices
Early bird campaign
All hands prep
One more push
Several open deals
A few open questions
Over to you
Half the team is out
Late renewals
By request of Finn
On holiday
In the field
At the trade fair
Before the merger closes
After the launch
to close the deal
until-now customers
Minutes of the meeting
Quarterly review
Month-end close
Week-long trade show
Mid-market accounts
Day-to-day emails
Weekend-edition newsletter
100% coverage
10.000 leads
1,000 leads
$5k deal
#42 follow-up
Re: your email
Yearly renewals
Q1-Q2 planning
Mardi Gras campaign
Morgan Stanley account
Die Zeit interview
Tag along on calls
Media contacts
Project Sunday
Ben asked me to
I am covering Ada's accounts
We need to reach Acme
I need to email Acme
Can I send the newsletter?
Help with 3 deals
Onboarding 12 new reps
EMEA pipeline
MST3K fan club
Covid-19 response
B2B campaign
v2 launch
7-Eleven renewal
9/11 memorial fund
4x4 dealers
Round 2 of emails
Phase one
Two new accounts
Ten leads
2 big sales days
Noon-time newsletter
On the go
""".strip().splitlines()
